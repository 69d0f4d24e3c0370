// Errors of the host library: a status for the program, a sentence for the person.
#ifndef STP_BASE_STATUS_H
#define STP_BASE_STATUS_H

typedef enum stp_status {
    STP_OK = 0,
    STP_ERR_USAGE,       // an option or argument is wrong: exit status 2
    STP_ERR_IO,          // the system refused: missing file, full disk, read-only folder
    STP_ERR_DATA,        // recordings that cannot be used
    STP_ERR_FORMAT,      // a file of ours that is cut, corrupted or of another version
    STP_ERR_MISMATCH,    // two things that do not belong together (labels, instruction sets, shapes)
    STP_ERR_MEMORY,      // an allocation failed
    STP_ERR_INTERRUPTED, // Ctrl-C, after a clean stop: exit status 130
} stp_status;

// Owned by the caller. `text` is one line that names the file or option, the value, and the remedy.
typedef struct stp_err {
    stp_status status;
    char text[1024];
} stp_err;

// Writes the line (newlines and control characters in arguments become '?') and returns `status`, so that
// `return stp_err_set(err, STP_ERR_IO, "...")` reads well. `err` may be NULL.
stp_status stp_err_set(stp_err *err, stp_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

// The usual sentence for an allocation that failed: what it was for and how large (0: not said).
stp_status stp_err_memory(stp_err *err, const char *what, unsigned long long bytes);

// Exit status of the program for a status: 0 done, 1 failed, 2 usage, 130 interrupted.
int stp_status_exit_code(stp_status status);

// Returns from the enclosing function when `call` did not return STP_OK.
#define STP_TRY(call)                                                                                        \
    do {                                                                                                     \
        stp_status stp_try_status = (call);                                                                  \
        if (stp_try_status != STP_OK)                                                                        \
            return stp_try_status;                                                                           \
    } while (0)

#endif
