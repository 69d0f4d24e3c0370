// The commands themselves, as main runs them, while memory runs out. Each must end with 1 and one line that
// says so, or, where only one request was refused and somebody could do without, with the result it always
// has. Whatever a search or a training wrote before can be resumed, to the same bits.
#include "unit/recordings.h"

#include "torture/torture.h"

#include "base/file.h"
#include "base/json_memory.h"
#include "cli.h"
#include "commands.h"

enum { WORDS = 40, RESUME_EVERY = 8, SAID_BYTES = 1 << 16 };

typedef struct command {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *arguments; // separated by blanks; @ stands for the test's folder
    const char *out;       // the run folder it makes, or NULL: what it prints is its result
    const char *file;      // the file it writes, or NULL
} command;

static const command commands[] = {
    {"search", stp_cmd_search,
     "@/words --out @/found --clip-ms 100 --fronts 256/256/8,256/128/8 --epochs 2 --warmup 1 --batch 16 "
     "--bn-group 16 --cells 3 --channels 4 --arch-lr 0.05 --gamma-ratio 1.0001 --checkpoint-steps 2 "
     "--threads 1 --quiet",
     "found", NULL},
    {"train", stp_cmd_train,
     "@/found --out @/trained --epochs 2 --batch 16 --bn-group 16 --cells 3 --channels 4 --max-params 900000 "
     "--drop-path 0.1 --checkpoint-steps 2 --threads 1 --quiet",
     "trained", NULL},
    {"train", stp_cmd_train,
     "--net ds-cnn --front 256/128/8 @/words --clip-ms 100 --out @/known --epochs 1 --batch 16 --bn-group 16 "
     "--threads 1 -q",
     "known", NULL},
    {"eval", stp_cmd_eval, "@/trained --threads 1", NULL, NULL},
    {"eval", stp_cmd_eval, "@/trained --json --quiet --threads 1 --split all", NULL, NULL},
    {"quantize", stp_cmd_quantize, "@/known --out @/ints --calibration 64 --threads 1 -q", "ints", NULL},
    {"quantize", stp_cmd_quantize, "@/trained --calibration 64 --qat 1 --json --threads 1 -q", NULL, NULL},
    {"eval", stp_cmd_eval, "@/trained --int8 --threads 1", NULL, NULL},
    {"eval", stp_cmd_eval, "@/trained --int8 --json --threads 1", NULL, NULL},
    {"export", stp_cmd_export, "@/trained --to tflite --out @/x.tflite", NULL, "x.tflite"},
    {"export", stp_cmd_export, "@/trained --to tflite-float --out @/x.tflite --json", NULL, "x.tflite"},
    {"export", stp_cmd_export, "@/trained --to onnx --out @/x.onnx", NULL, "x.onnx"},
    {"cost", stp_cmd_cost, "@/found", NULL, NULL},
    {"cost", stp_cmd_cost, "@/trained --json", NULL, NULL},
    {"cost", stp_cmd_cost, "--net ds-cnn --target m4", NULL, NULL},
    {"classify", stp_cmd_classify,
     "@/trained @/words/one/s000_nohash_0.wav @/words/two/s001_nohash_0.wav --threads 1", NULL, NULL},
    {"classify", stp_cmd_classify, "@/trained @/words/one/s000_nohash_0.wav --json --threads 1", NULL, NULL},
    {"info", stp_cmd_info, "@/found", NULL, NULL},
    {"info", stp_cmd_info, "@/found --json", NULL, NULL},
    {"info", stp_cmd_info, "@/trained", NULL, NULL},
    {"info", stp_cmd_info, "@/trained --json", NULL, NULL},
    {"data", stp_cmd_data, "check @/words --clip-ms 100", NULL, NULL},
    {"data", stp_cmd_data, "check @/words --clip-ms 100 --json", NULL, NULL},
    {"features", stp_cmd_features, "@/words/one/s000_nohash_0.wav --front 256/128/8", NULL, NULL},
    {"features", stp_cmd_features, "@/words/one/s000_nohash_0.wav --front 256/128/8 --json", NULL, NULL},
    {"features", stp_cmd_features, "@/words/one/s000_nohash_0.wav --front 256/128/8 --out @/picture.svg",
     NULL, "picture.svg"},
    {"features", stp_cmd_features, "@/words/one/s000_nohash_0.wav --front 256/128/8 --out @/picture.png",
     NULL, "picture.png"},
};

// What a command said and how it ended.
typedef struct outcome {
    int status;
    char out[SAID_BYTES], errors[SAID_BYTES];
} outcome;

static void read_back(const char *name, char text[SAID_BYTES]) {
    FILE *file = fopen(in_root(name), "rb");
    assert_non_null(file);
    text[fread(text, 1, SAID_BYTES - 1, file)] = 0;
    fclose(file);
}

// Puts a file in the place of a stream; returns what was there.
static int redirect(int stream, const char *name) {
    int before = dup(stream), file = open(in_root(name), O_WRONLY | O_CREAT | O_TRUNC, 0666);
    assert_true(before >= 0 && file >= 0);
    dup2(file, stream);
    close(file);
    return before;
}

static void restore(int stream, int before) {
    dup2(before, stream);
    close(before);
}

static void call(const command *c, const char *arguments, long refuse, int forever, outcome *o) {
    char text[2048], *argv[64];
    int argc = 0;
    size_t length = 0;
    for (const char *p = arguments; *p; p++)
        length += (size_t)snprintf(text + length, sizeof text - length, *p == '@' ? "%s" : "%.1s",
                                   *p == '@' ? root : p);
    for (char *word = strtok(text, " "); word; word = strtok(NULL, " "))
        argv[argc++] = word;
    fflush(NULL);
    int out = redirect(1, "out"), errors = redirect(2, "errors");
    torture_refuse(refuse, forever);
    o->status = stp_cli_finish_output(c->name, c->run(argc, argv));
    fflush(NULL);
    restore(1, out);
    restore(2, errors);
    read_back("out", o->out);
    read_back("errors", o->errors);
}

// What must come out the same however a run was interrupted.
static const char *const result_files[] = {"journal.jsonl", "arch.json", "genotype.json", "model.json",
                                           "weights.bin",   "int8.json", "int8.bin"};
enum { RESULT_FILES = sizeof result_files / sizeof result_files[0] };

typedef struct content {
    char *data;
    size_t bytes;
} content;

static content read_made(const char *name) {
    content made = {0};
    stp_err err;
    if (name && access(in_root(name), F_OK) == 0)
        assert_int_equal(stp_file_read(in_root(name), &made.data, &made.bytes, &err), STP_OK);
    return made;
}

static int same_content(const content *a, const content *b) {
    return !a->data == !b->data && a->bytes == b->bytes &&
           (!a->data || memcmp(a->data, b->data, a->bytes) == 0);
}

static void read_results(const char *run, content contents[RESULT_FILES]) {
    char name[128];
    for (int i = 0; i < RESULT_FILES; i++) {
        snprintf(name, sizeof name, "%s/%s", run, result_files[i]);
        contents[i] = read_made(name);
    }
}

static void free_results(content contents[RESULT_FILES]) {
    for (int i = 0; i < RESULT_FILES; i++)
        stp_free(contents[i].data);
}

static int same_results(const char *run, const content wanted[RESULT_FILES]) {
    content have[RESULT_FILES];
    int same = 1;
    read_results(run, have);
    for (int i = 0; i < RESULT_FILES; i++)
        same &= same_content(&have[i], &wanted[i]);
    free_results(have);
    return same;
}

// Whether each line begins with the command's name and says that memory was short.
static int says_memory_only(const command *c, const char *errors, int *lines) {
    char head[32];
    snprintf(head, sizeof head, "stapes %s: ", c->name);
    for (*lines = 0; *errors; (*lines)++) {
        const char *end = strchr(errors, '\n');
        if (!end || strncmp(errors, head, strlen(head)) != 0)
            return 0;
        const char *word = strstr(errors, "memory");
        if (!word || word > end)
            return 0;
        errors = end + 1;
    }
    return 1;
}

static int ended_well(const command *c, const outcome *o, const outcome *wanted, const content *results) {
    int lines;
    if (o->status == 0 && c->out)
        return same_results(c->out, results);
    if (o->status == 0)
        return strcmp(o->out, wanted->out) == 0;
    if (o->status != 1 || !says_memory_only(c, o->errors, &lines))
        return 0;
    return lines == 1 || (lines > 1 && c->run == stp_cmd_classify); // which tells it of every file
}

// The whole file, or, where the command failed, none: never half of one.
static int made_well(const command *c, const outcome *o, const content *wanted) {
    content made = read_made(c->file);
    int well = same_content(&made, wanted) || (o->status != 0 && !made.data);
    stp_free(made.data);
    return well;
}

// What was left of a run can be gone on with, or there is nothing and the folder is free.
static int goes_on(const command *c, const content *results, int resume) {
    char checkpoint[128], again[128];
    outcome o;
    snprintf(checkpoint, sizeof checkpoint, "%s/checkpoint.bin", c->out);
    if (access(in_root(checkpoint), F_OK) != 0)
        return access(in_root(c->out), F_OK) != 0;
    if (!resume)
        return 1;
    snprintf(again, sizeof again, "--resume @/%s --quiet", c->out);
    call(c, again, -1, 1, &o);
    if (o.status)
        print_error("stapes %s %s: ended with %d, said: %s\n", c->name, again, o.status, o.errors);
    return o.status == 0 && same_results(c->out, results);
}

static void clear(const command *c) {
    if (c->out)
        remove_tree(in_root(c->out));
    if (c->file)
        remove(in_root(c->file));
}

static void refuse_one(const command *c, long n, int forever, const outcome *wanted, const content *results,
                       const content *made) {
    static int runs;
    outcome o;
    clear(c);
    torture_holdings held = torture_hold();
    call(c, c->arguments, n, forever, &o);
    unsigned long refused = stp_alloc_refused();
    stp_alloc_fail_after(-1);
    stp_json_memory_lost(); // a command is alone in its process, where nothing is left over from the last one
    torture_holdings after = torture_hold_again(&held);
    if (!refused || !ended_well(c, &o, wanted, results) || !made_well(c, &o, made))
        fail_msg("stapes %s %s: request %ld refused%s (%lu were): ended with %d, said: %s", c->name,
                 c->arguments, n, forever ? " and all that follow" : "", refused, o.status, o.errors);
    if (memcmp(&held, &after, sizeof held) != 0)
        fail_msg("stapes %s %s: request %ld: kept %ld blocks, %d files, %d threads", c->name, c->arguments, n,
                 after.blocks - held.blocks, after.files - held.files, after.threads - held.threads);
    if (o.status && c->out && !goes_on(c, results, runs++ % RESUME_EVERY == 0))
        fail_msg("stapes %s: request %ld: what was left cannot be gone on with", c->name, n);
}

// Undisturbed: what comes out, and how often memory is asked for on the way.
static long count_requests(const command *c, outcome *wanted) {
    clear(c);
    unsigned long before = stp_alloc_count();
    call(c, c->arguments, -1, 1, wanted);
    if (wanted->status != 0)
        fail_msg("stapes %s %s: %s", c->name, c->arguments, wanted->errors);
    return (long)(stp_alloc_count() - before);
}

static void commands_survive_want_of_memory(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        const command *c = &commands[i];
        static outcome wanted;
        content results[RESULT_FILES];
        count_requests(c, &wanted); // leaves the cache of recordings behind
        long requests = count_requests(c, &wanted);
        read_results(c->out ? c->out : "found", results);
        content made = read_made(c->file);
        long refused = 0;
        for (int forever = 0; forever < 2; forever++)
            for (long n = 0; n < requests; n = torture_next(n, requests), refused++)
                refuse_one(c, n, forever, &wanted, results, &made);
        print_message("stapes %s: %ld requests, refused %ld times\n", c->name, requests, refused);
        free_results(results);
        stp_free(made.data);
        count_requests(c, &wanted); // for those that follow
    }
}

static int make_words(void **state) {
    int failed = make_root(state);
    stp_json_memory_init();
    make_folder("words");
    write_word("words", "one", WORDS, WORDS);
    write_word("words", "two", WORDS, WORDS);
    return failed;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(commands_survive_want_of_memory),
    };
    return cmocka_run_group_tests(tests, make_words, remove_root);
}
