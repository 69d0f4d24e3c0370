// The progress line, seen through a file and through a pseudo terminal, with a clock of the test's own.
#define _XOPEN_SOURCE 600
#define _DEFAULT_SOURCE
#include "report/meter.h"

#include <fcntl.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <cmocka.h>

static double test_time;

static double test_clock(void) {
    return test_time;
}

// Ten epochs of ten steps, a second each, and 10 s of validation after every epoch.
static void run_epochs(stp_meter *meter, int epochs, int note_at) {
    stp_observer observer = stp_meter_observer(meter, NULL);
    stp_progress progress = {.phase = "search", .epochs = 10, .steps = 10, .loss = 1.5, .accuracy = 62.54};
    progress.leader = "640/320/40";
    progress.leader_weight = 0.125;
    for (progress.epoch = 0; progress.epoch < epochs; progress.epoch++) {
        progress.epoch_done = 0;
        for (progress.step = 0; progress.step < 10; progress.step++) {
            test_time += 1;
            observer.progress(observer.context, &progress);
        }
        if (progress.epoch == note_at)
            observer.note(observer.context, "gamma has settled\033[2J");
        test_time += 10;
        progress.epoch_done = 1;
        progress.validation_accuracy = 70 + progress.epoch;
        observer.progress(observer.context, &progress);
    }
}

// --- a file ------------------------------------------------------------------------------------------

static size_t file_text(FILE *file, char *text, size_t bytes) {
    rewind(file);
    size_t got = fread(text, 1, bytes - 1, file);
    text[got] = '\0';
    return got;
}

static void test_plain_lines(void **state) {
    (void)state;
    FILE *file = tmpfile();
    stp_meter meter;
    stp_meter_init(&meter, file, 0);
    assert_false(meter.terminal);
    meter.clock = test_clock;
    stp_meter_count(&meter, "reading recordings", 1, 2);
    stp_meter_count(&meter, "reading recordings", 2, 2);
    run_epochs(&meter, 3, 1);
    stp_meter_finish(&meter);
    char text[4096];
    file_text(file, text, sizeof text);
    fclose(file);
    assert_string_equal(
        text,
        "reading recordings 2/2\n"
        "search  epoch 1/10  loss 1.500  accuracy 62.5 %  validation 70.0 %  640/320/40 at 0.12  3 min left\n"
        "gamma has settled?[2J\n"
        "search  epoch 2/10  loss 1.500  accuracy 62.5 %  validation 71.0 %  640/320/40 at 0.12  3 min left\n"
        "search  epoch 3/10  loss 1.500  accuracy 62.5 %  validation 72.0 %  640/320/40 at 0.12  2 min "
        "left\n");
}

static void test_quiet(void **state) {
    (void)state;
    FILE *file = tmpfile();
    stp_meter meter;
    stp_meter_init(&meter, file, 1);
    run_epochs(&meter, 2, 1);
    stp_meter_count(&meter, "reading", 2, 2);
    stp_meter_finish(&meter);
    char text[64];
    file_text(file, text, sizeof text);
    fclose(file);
    assert_string_equal(text, "gamma has settled?[2J\n"); // a note is no progress
}

// --- a terminal --------------------------------------------------------------------------------------

typedef struct terminal {
    int master;
    FILE *stream;
} terminal;

static int open_terminal(terminal *t, int columns) {
    t->master = posix_openpt(O_RDWR | O_NOCTTY);
    if (t->master < 0 || grantpt(t->master) || unlockpt(t->master))
        return -1;
    struct winsize size = {.ws_row = 24, .ws_col = (unsigned short)columns};
    ioctl(t->master, TIOCSWINSZ, &size);
    int slave = open(ptsname(t->master), O_RDWR | O_NOCTTY);
    if (slave < 0)
        return -1;
    struct termios raw;
    tcgetattr(slave, &raw);
    cfmakeraw(&raw); // what is written arrives unchanged
    tcsetattr(slave, TCSANOW, &raw);
    fcntl(t->master, F_SETFL, O_NONBLOCK);
    t->stream = fdopen(slave, "w");
    return t->stream ? 0 : -1;
}

static void close_terminal(terminal *t) {
    fclose(t->stream);
    close(t->master);
}

// A terminal hands its text over in pieces: all that come until none is left.
static size_t terminal_text(terminal *t, char *text, size_t bytes) {
    size_t size = 0;
    for (ssize_t got; (got = read(t->master, text + size, bytes - 1 - size)) > 0;)
        size += (size_t)got;
    text[size] = '\0';
    return size;
}

// What a reader would see after `text`: lines, the last one unfinished; the widest column ever written to.
static void screen_of(const char *text, char screen[4096], int *widest) {
    size_t line = 0, at = 0;
    memset(screen, 0, 4096);
    *widest = 0;
    for (; *text; text++) {
        if (*text == '\r') {
            at = line;
        } else if (*text == '\n') {
            at = line + strlen(screen + line);
            screen[at++] = '\n';
            line = at;
        } else if (strncmp(text, "\033[K", 3) == 0) {
            memset(screen + at, 0, 4096 - at);
            text += 2;
        } else if (*text == '\033') {
            text += strcspn(text, "m");
        } else {
            screen[at++] = *text;
            *widest = (int)(at - line) > *widest ? (int)(at - line) : *widest;
        }
    }
}

static void test_rewritten_line(void **state) {
    (void)state;
    terminal t;
    stp_meter meter;
    char text[65536], screen[4096];
    int widest;
    if (open_terminal(&t, 120))
        skip();
    stp_meter_init(&meter, t.stream, 0);
    assert_true(meter.terminal && meter.colour);
    meter.clock = test_clock;
    run_epochs(&meter, 2, 0);
    terminal_text(&t, text, sizeof text);
    screen_of(text, screen, &widest);
    assert_string_equal(screen,
                        "gamma has settled?[2J\nsearch  epoch 2/10  step 10/10  loss 1.500  accuracy 62.5 %  "
                        "validation 71.0 %  640/320/40 at 0.12  3 min left");
    assert_non_null(strstr(text, "\033[1msearch\033[0m"));
    // faster than ten times a second: nothing is drawn, then one line
    stp_observer observer = stp_meter_observer(&meter, NULL);
    stp_progress progress = {.phase = "search", .epoch = 2, .epochs = 10, .steps = 10};
    for (int i = 0; i < 9; i++) {
        test_time += 0.01;
        observer.progress(observer.context, &progress);
    }
    assert_int_equal(terminal_text(&t, text, sizeof text), 0);
    test_time += 0.02;
    observer.progress(observer.context, &progress);
    assert_true(terminal_text(&t, text, sizeof text) > 0);
    stp_meter_finish(&meter);
    terminal_text(&t, text, sizeof text);
    assert_string_equal(text, "\r\033[K");
    close_terminal(&t);
}

static void test_never_wraps(void **state) {
    (void)state;
    for (int columns = 1; columns < 130; columns++) {
        terminal t;
        stp_meter meter;
        char text[65536], screen[4096];
        int widest;
        if (open_terminal(&t, columns))
            skip();
        stp_meter_init(&meter, t.stream, 0);
        meter.clock = test_clock;
        run_epochs(&meter, 2, -1);
        terminal_text(&t, text, sizeof text);
        screen_of(text, screen, &widest);
        assert_true(widest < columns);
        if (columns >= 31) // what matters most is the last to go
            if (!strstr(screen, "3 min left"))
                fail_msg("%d columns: %s", columns, screen);
        if (columns >= 19)
            assert_int_equal(strncmp(screen, "search  epoch 2/10", 18), 0);
        close_terminal(&t);
    }
}

static void test_environment(void **state) {
    (void)state;
    terminal t;
    stp_meter meter;
    char text[65536], screen[4096];
    int widest;
    if (open_terminal(&t, 120))
        skip();
    setenv("NO_COLOR", "1", 1);
    setenv("COLUMNS", "40", 1);
    stp_meter_init(&meter, t.stream, 0);
    assert_false(meter.colour);
    meter.clock = test_clock;
    run_epochs(&meter, 1, -1);
    terminal_text(&t, text, sizeof text);
    screen_of(text, screen, &widest);
    assert_null(strstr(text, "\033[1m"));
    assert_true(widest > 0 && widest < 40);
    unsetenv("NO_COLOR");
    unsetenv("COLUMNS");
    setenv("TERM", "dumb", 1);
    stp_meter_init(&meter, t.stream, 0);
    assert_false(meter.terminal);
    setenv("TERM", "xterm", 1);
    close_terminal(&t);
}

static void test_pace(void **state) {
    (void)state;
    // a phase that is ten times slower than the one before is seen for what it is
    FILE *file = tmpfile();
    stp_meter meter;
    stp_meter_init(&meter, file, 0);
    meter.clock = test_clock;
    stp_observer observer = stp_meter_observer(&meter, NULL);
    stp_progress progress = {
        .phase = "warm-up", .epochs = 4, .steps = 100, .validation_accuracy = -1, .loss = NAN};
    for (progress.epoch = 0; progress.epoch < 2; progress.epoch++) {
        progress.phase = progress.epoch ? "search" : "warm-up";
        for (long i = 0; i < 100; i++) {
            test_time += progress.epoch ? 10 : 1;
            progress.step = i + 1;
            progress.epoch_done = i == 99;
            observer.progress(observer.context, &progress);
        }
    }
    char text[1024];
    file_text(file, text, sizeof text);
    assert_string_equal(text, "warm-up  epoch 1/4  loss is no number  accuracy 0.0 %  5 min left\n"
                              "search  epoch 2/4  loss is no number  accuracy 0.0 %  33 min left\n");
    fclose(file);
}

static void expect_duration(double seconds, const char *expected) {
    char text[32];
    stp_meter_duration(seconds, text);
    assert_string_equal(text, expected);
}

static void test_durations(void **state) {
    (void)state;
    expect_duration(-1, "");
    expect_duration(NAN, "");
    expect_duration(0, "0 s");
    expect_duration(99.4, "99 s");
    expect_duration(100, "2 min");
    expect_duration(5940, "99 min");
    expect_duration(11100, "3 h 05 min");
    expect_duration(7200 - 20, "2 h 00 min");
    expect_duration(187200, "2 d 4 h");
}

int main(void) {
    setenv("TERM", "xterm", 1);
    unsetenv("COLUMNS");
    unsetenv("NO_COLOR");
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plain_lines),    cmocka_unit_test(test_quiet),
        cmocka_unit_test(test_rewritten_line), cmocka_unit_test(test_never_wraps),
        cmocka_unit_test(test_environment),    cmocka_unit_test(test_pace),
        cmocka_unit_test(test_durations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
