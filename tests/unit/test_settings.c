// The options table and every way into it: defaults, flags, config file, JSON.
#include "testing.h"

#include "base/arena.h"
#include "settings/option_table.h"

static const char letters[] = "dfsteqcibxrk";
static stp_err err;

// Parses up to eight flags for a command.
static stp_status parse(stp_settings *settings, stp_command command, int *word_count, int argc,
                        const char **argv) {
    const char *words[2];
    int count;
    stp_status status = stp_settings_parse(settings, command, argc, (char **)argv, words, 2,
                                           word_count ? word_count : &count, &err);
    return status;
}
#define PARSE(settings, command, ...)                                                                        \
    parse(settings, command, NULL, (int)(sizeof((const char *[]){__VA_ARGS__}) / sizeof(char *)),            \
          (const char *[]){__VA_ARGS__})

static void table_is_sound(void **state) {
    (void)state;
    for (int i = 0; i < STP_OPTIONS; i++) {
        const stp_option *a = stp_option_at(i);
        assert_true(strlen(a->flag) > 1 && strlen(a->flag) < 60 && strlen(a->help) >= 8);
        assert_int_not_equal(strncmp(a->flag, "no-", 3), 0); // --no-x would be ambiguous
        assert_int_equal(strspn(a->commands, "dfsteqcibxrkDFSTEQCIBXRK-"), strlen(a->commands));
        for (const char *letter = letters; *letter; letter++)
            assert_false(stp_option_idle(a, (stp_command)*letter) && strchr(a->commands, *letter));
        assert_true(strlen(stp_option_group(a)) > 0);
        assert_int_equal(a->type == STP_OPTION_FLAG, a->argument[0] == 0);
        for (const char *letter = letters; *letter; letter++)
            if (stp_option_serves(a, (stp_command)*letter))
                assert_ptr_equal(stp_option_find((stp_command)*letter, a->flag),
                                 a); // no other one of that name
    }
}

// Passing each default through the checks is the proof that it is in range.
static void defaults_are_in_range(void **state) {
    (void)state;
    const char *presets[] = {"small", "paper"};
    for (const char *letter = letters; *letter; letter++)
        for (int p = 0; p < 2; p++) {
            stp_command command = (stp_command)*letter;
            stp_settings settings, copy;
            assert_int_equal(stp_settings_defaults(&settings, command, presets[p], &err), STP_OK);
            assert_string_equal(settings.preset, presets[p]);
            json_t *json = stp_settings_to_json(&settings, command);
            assert_int_equal(stp_settings_defaults(&copy, command, "small", &err), STP_OK);
            stp_status status = stp_settings_from_json(&copy, command, json, "defaults", &err);
            if (status != STP_OK)
                fail_msg("%s", err.text);
            json_decref(json);
        }
    stp_settings settings;
    assert_refused(stp_settings_defaults(&settings, STP_CMD_SEARCH, "big", &err), STP_ERR_USAGE, &err,
                   "small or paper");
}

// A value other than the default, as a flag would give it; NULL when the option has only one value.
static void other_value(char *text, size_t bytes, const stp_settings *settings, const stp_option *option) {
    switch (option->type) {
    case STP_OPTION_INT:
        snprintf(text, bytes, "%.0f",
                 (double)stp_option_int(settings, option) == option->high ? option->low : option->high);
        break;
    case STP_OPTION_REAL:
        snprintf(text, bytes, "%.17g",
                 stp_option_real(settings, option) == option->high ? option->low : option->high);
        break;
    case STP_OPTION_FLAG:
        snprintf(text, bytes, "%s", stp_option_flag(settings, option) ? "off" : "on");
        break;
    case STP_OPTION_TEXT:
        if (!stp_option_is_choice(option)) {
            snprintf(text, bytes, "other %s", option->flag);
            break;
        }
        snprintf(text, bytes, "%.*s", (int)strcspn(option->argument, "|"), option->argument);
        if (strcmp(text, stp_option_text(settings, option)) == 0) // the first is the default: take the last
            snprintf(text, bytes, "%s", strrchr(option->argument, '|') + 1);
        break;
    }
}

// Each option, when changed, changes the saved configuration, and comes back from it.
static void each_option_is_saved(void **state) {
    (void)state;
    for (const char *letter = letters; *letter; letter++)
        for (int i = 0; i < STP_OPTIONS; i++) {
            stp_command command = (stp_command)*letter;
            const stp_option *option = stp_option_at(i);
            if (!stp_option_serves(option, command))
                continue;
            stp_settings settings, back;
            char text[128];
            assert_int_equal(stp_settings_defaults(&settings, command, "small", &err), STP_OK);
            json_t *before = stp_settings_to_json(&settings, command),
                   *identity = stp_settings_identity(&settings, command);
            other_value(text, sizeof text, &settings, option);
            assert_int_equal(stp_option_set_text(&settings, option, text, "test", &err), STP_OK);
            json_t *after = stp_settings_to_json(&settings, command),
                   *other = stp_settings_identity(&settings, command);
            assert_false(json_equal(before, after));
            assert_int_equal(json_equal(identity, other), !stp_option_changes_bits(option));

            assert_int_equal(stp_settings_defaults(&back, command, "small", &err), STP_OK);
            assert_int_equal(stp_settings_from_json(&back, command, after, "saved", &err), STP_OK);
            assert_memory_equal(&back, &settings, sizeof back);
            json_decref(before);
            json_decref(after);
            json_decref(identity);
            json_decref(other);
        }
}

static void flags_are_read(void **state) {
    (void)state;
    stp_settings s;
    const char *words[3];
    int count;
    const char *argv[] = {"DIR",       "--epochs", "7",  "--lr=0.5",     "--no-unknown",
                          "--silence", "-q",       "--", "--not-a-flag", "-"};
    assert_int_equal(stp_settings_parse(&s, STP_CMD_SEARCH, 10, (char **)argv, words, 3, &count, &err),
                     STP_OK);
    assert_int_equal(count, 3);
    assert_string_equal(words[0], "DIR");
    assert_string_equal(words[1], "--not-a-flag");
    assert_string_equal(words[2], "-");
    assert_int_equal(s.search_epochs, 7);
    assert_true(s.search_lr == 0.5);
    assert_int_equal(s.unknown, 0);
    assert_int_equal(s.silence, 1);
    assert_int_equal(s.quiet, 1);
    assert_true(s.given[STP_OPTION_search_epochs] && s.given[STP_OPTION_unknown] &&
                s.given[STP_OPTION_quiet]);
    assert_false(s.given[STP_OPTION_search_cells]);
    assert_int_equal(s.search_channels, 8);

    assert_int_equal(PARSE(&s, STP_CMD_SEARCH, "--preset", "paper", "--cells", "6"), STP_OK);
    assert_int_equal(s.search_channels, 16);
    assert_int_equal(s.search_cells, 6);
    assert_int_equal(PARSE(&s, STP_CMD_TRAIN, "--epochs", "3", "--epochs", "4", "--out="), STP_OK);
    assert_int_equal(s.train_epochs, 4); // the last one counts
    assert_true(s.train_momentum == 0.9);
}

// What every command takes, whether or not it means something there.
static void every_command_takes_these(void **state) {
    (void)state;
    for (const char *letter = letters; *letter; letter++) {
        stp_settings s;
        stp_command command = (stp_command)*letter;
        assert_int_equal(PARSE(&s, command, "--json", "--threads", "3", "--seed=7", "--quiet"), STP_OK);
        assert_true(s.json && s.threads == 3 && s.seed == 7 && s.quiet);
        assert_false(stp_option_idle(stp_option_find(command, "json"), command)); // it has one to print
    }
    assert_true(stp_option_idle(stp_option_find(STP_CMD_INFO, "seed"), STP_CMD_INFO));
    assert_false(stp_option_idle(stp_option_find(STP_CMD_DATA, "seed"), STP_CMD_DATA)); // draws _unknown_
}

static void wrong_flags_are_refused(void **state) {
    (void)state;
    stp_settings s;
    assert_refused(PARSE(&s, STP_CMD_SEARCH, "--epoch", "7"), STP_ERR_USAGE, &err, "nearest is --epochs");
    assert_refused(PARSE(&s, STP_CMD_SEARCH, "--wamrup=7"), STP_ERR_USAGE, &err, "nearest is --warmup");
    assert_refused(PARSE(&s, STP_CMD_EVAL, "--drop-path", "0.1"), STP_ERR_USAGE, &err,
                   "--drop-path: stapes eval has no");
    assert_refused(PARSE(&s, STP_CMD_SEARCH, "--zzzzzzzz"), STP_ERR_USAGE, &err, "see stapes help search");
    assert_refused(PARSE(&s, STP_CMD_SEARCH, "-x"), STP_ERR_USAGE, &err, "-x");
    assert_refused(PARSE(&s, STP_CMD_SEARCH, "--=3"), STP_ERR_USAGE, &err, "--=3");
    assert_refused(PARSE(&s, STP_CMD_SEARCH, "--epochs"), STP_ERR_USAGE, &err,
                   "--epochs: a value is missing");
    assert_refused(PARSE(&s, STP_CMD_SEARCH, "--out", "--json"), STP_ERR_USAGE, &err,
                   "--out: a value is missing");
    assert_refused(PARSE(&s, STP_CMD_SEARCH, "--json=1"), STP_ERR_USAGE, &err, "takes no value");
    assert_refused(PARSE(&s, STP_CMD_SEARCH, "--no-epochs"), STP_ERR_USAGE, &err, "--no-epochs");
    assert_refused(PARSE(&s, STP_CMD_SEARCH, "a", "b", "c"), STP_ERR_USAGE, &err,
                   "'c' is one argument too many");
    assert_refused(PARSE(&s, STP_CMD_SEARCH, "--align", "paf"), STP_ERR_USAGE, &err, "pad|conv|resample");
    assert_refused(PARSE(&s, STP_CMD_SEARCH, "--align", ""), STP_ERR_USAGE, &err, "pad|conv|resample");
    assert_refused(PARSE(&s, STP_CMD_SEARCH, "--align", "pad|conv"), STP_ERR_USAGE, &err,
                   "pad|conv|resample");
    assert_refused(PARSE(&s, STP_CMD_SEARCH, "--out", "caf\xe9"), STP_ERR_USAGE, &err, "not UTF-8");
    assert_refused(PARSE(&s, STP_CMD_SEARCH, "--out", "\xed\xa0\x80"), STP_ERR_USAGE, &err, "not UTF-8");
    assert_int_equal(PARSE(&s, STP_CMD_SEARCH, "--out", "caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x91\x82"), STP_OK);
    char long_text[STP_TEXT_BYTES + 1], long_flag[200] = "--";
    memset(long_text, 'x', sizeof long_text - 1);
    long_text[sizeof long_text - 1] = 0;
    assert_refused(PARSE(&s, STP_CMD_SEARCH, "--out", long_text), STP_ERR_USAGE, &err,
                   "longer than 511 bytes");
    assert_int_equal(PARSE(&s, STP_CMD_SEARCH, "--out", long_text + 1), STP_OK);
    memset(long_flag + 2, 'y', sizeof long_flag - 3);
    assert_refused(PARSE(&s, STP_CMD_SEARCH, long_flag), STP_ERR_USAGE, &err, "no such option");
}

// Every number is taken whole and in range, ends included.
static void numbers_are_strict(void **state) {
    (void)state;
    const char *never[] = {"",      " 1",  "1 ",   "1x",  "0x10",
                           "nan",   "inf", "-inf", "--1", "+",
                           "-",     "e",   ".",    "1,5", "99999999999999999999",
                           "1e400", "１"};
    for (int i = 0; i < STP_OPTIONS; i++) {
        const stp_option *option = stp_option_at(i);
        stp_settings s, untouched;
        if (option->type != STP_OPTION_INT && option->type != STP_OPTION_REAL)
            continue;
        assert_int_equal(stp_settings_defaults(&s, STP_CMD_SEARCH, "small", &err), STP_OK);
        untouched = s;
        for (size_t k = 0; k < sizeof never / sizeof never[0]; k++)
            assert_refused(stp_option_set_text(&s, option, never[k], "--it", &err), STP_ERR_USAGE, &err,
                           "--it: ");
        if (option->type == STP_OPTION_INT) {
            assert_refused(stp_option_set_text(&s, option, "1.5", "--it", &err), STP_ERR_USAGE, &err,
                           "whole number");
            assert_refused(stp_option_set_text(&s, option, "1e2", "--it", &err), STP_ERR_USAGE, &err,
                           "whole number");
        }
        char text[64];
        const double beyond[] = {
            option->low - (option->low > 1 || option->type == STP_OPTION_INT ? 1 : 1e-3 + option->low),
            option->high * 1.5};
        for (int k = 0; k < 2; k++) {
            snprintf(text, sizeof text, option->type == STP_OPTION_INT ? "%.0f" : "%g", beyond[k]);
            assert_refused(stp_option_set_text(&s, option, text, "--it", &err), STP_ERR_USAGE, &err, text);
        }
        assert_memory_equal(&s, &untouched, sizeof s);
        const double ends[] = {option->low, option->high};
        for (int k = 0; k < 2; k++) {
            snprintf(text, sizeof text, option->type == STP_OPTION_INT ? "%.0f" : "%.17g", ends[k]);
            assert_int_equal(stp_option_set_text(&s, option, text, "--it", &err), STP_OK);
            assert_true((option->type == STP_OPTION_INT ? (double)stp_option_int(&s, option)
                                                        : stp_option_real(&s, option)) == ends[k]);
        }
    }
}

static stp_status parse_config(stp_settings *s, const char *text, size_t bytes, const char *extra) {
    char folder[64], path[80];
    testing_make_folder(folder);
    snprintf(path, sizeof path, "%s/my.conf", folder);
    testing_write_file(path, text, bytes);
    stp_status status = PARSE(s, STP_CMD_SEARCH, "--config", path, extra);
    testing_remove_folder(folder);
    return status;
}
#define CONFIG(s, text) parse_config(s, text, strlen(text), "-q")

static void config_files_are_read(void **state) {
    (void)state;
    stp_settings s;
    assert_int_equal(
        CONFIG(&s, "# a comment\nepochs = 9\n\n  cells=4 ; another\nunknown = off\nfront-ends-no = 1\n"),
        STP_ERR_USAGE);
    assert_int_equal(
        CONFIG(&s, "# a comment\nepochs = 9\n\n  cells=4 ; another\nunknown = off\n"
                   "fixed = 640/320/40:10\n[train]\nepochs = 99\nlabel-smoothing = 0.5\n[search]\nlr = 0.25"),
        STP_OK);
    assert_int_equal(s.search_epochs, 9);
    assert_int_equal(s.search_cells, 4);
    assert_int_equal(s.unknown, 0);
    assert_string_equal(s.fixed, "640/320/40:10");
    assert_true(s.search_lr == 0.25);
    assert_true(s.given[STP_OPTION_search_lr]);

    const char *text = "epochs = 9\npreset = paper\n";
    assert_int_equal(parse_config(&s, text, strlen(text), "--epochs=10"), STP_OK);
    assert_int_equal(s.search_epochs, 10);   // flags win
    assert_int_equal(s.search_channels, 16); // the file's preset chose the defaults
    assert_int_equal(parse_config(&s, text, strlen(text), "--preset=small"), STP_OK);
    assert_int_equal(s.search_channels, 8);
    assert_int_equal(s.search_epochs, 9);
}

static void a_config_file_may_have_a_section_for_every_command(void **state) {
    (void)state;
    for (int letter = 'a'; letter <= 'z'; letter++) {
        stp_settings s;
        char text[80];
        const char *name = stp_command_name((stp_command)letter);
        if (!name)
            continue;
        snprintf(text, sizeof text, "epochs = 9\n[%s]\n%s = 4\n", name, letter == 's' ? "cells" : "any");
        assert_int_equal(CONFIG(&s, text), STP_OK);
        assert_int_equal(s.search_epochs, 9);
    }
}

static void wrong_config_files_are_refused(void **state) {
    (void)state;
    stp_settings s;
    assert_refused(CONFIG(&s, "\nepoch = 9\n"), STP_ERR_USAGE, &err,
                   "my.conf:2: 'epoch' is no option of stapes search; the nearest is epochs");
    assert_refused(CONFIG(&s, "epochs = nine\n"), STP_ERR_USAGE, &err, "my.conf:1: epochs: 'nine'");
    assert_refused(CONFIG(&s, "epochs\n"), STP_ERR_USAGE, &err, "my.conf:1: not of the form");
    assert_refused(CONFIG(&s, "silence = maybe\n"), STP_ERR_USAGE, &err, "neither on nor off");
    assert_refused(CONFIG(&s, "[serach]\nepochs = 9\n"), STP_ERR_USAGE, &err, "[serach]");
    assert_refused(CONFIG(&s, "config = other.conf\n"), STP_ERR_USAGE, &err, "cannot name another");
    assert_refused(parse_config(&s, "epochs = 9\0\ncells = 4\n", 22, "-q"), STP_ERR_USAGE, &err, "my.conf:1");
    char long_line[600];
    memset(long_line, 'x', sizeof long_line);
    memcpy(long_line, "out = ", 6);
    assert_refused(parse_config(&s, long_line, sizeof long_line, "-q"), STP_ERR_USAGE, &err, "longer than");
    assert_refused(PARSE(&s, STP_CMD_SEARCH, "--config", "/no/such/file"), STP_ERR_IO, &err, "/no/such/file");
    assert_refused(PARSE(&s, STP_CMD_SEARCH, "--config", "/tmp"), STP_ERR_IO, &err, "/tmp");
}

static stp_status read_json(stp_settings *s, const char *text) {
    json_t *json = json_loads(text, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
    assert_non_null(json);
    assert_int_equal(stp_settings_defaults(s, STP_CMD_SEARCH, "small", &err), STP_OK);
    stp_settings before = *s;
    stp_status status = stp_settings_from_json(s, STP_CMD_SEARCH, json, "settings.json", &err);
    if (status != STP_OK)
        assert_memory_equal(s, &before, sizeof before); // all or nothing
    json_decref(json);
    return status;
}

static void what_a_search_hands_on_is_refused_by_its_name(void **state) {
    (void)state;
    stp_settings s;
    json_t *saved = json_pack("{s:i, s:i}", "rate", 8000, "silence", 1);
    assert_int_equal(PARSE(&s, STP_CMD_TRAIN, "-q"), STP_OK);
    long long rate = s.rate_hz;
    assert_refused(stp_settings_inherit(&s, saved, "run/settings.json", &err), STP_ERR_FORMAT, &err,
                   "run/settings.json: silence: must be true or false");
    assert_true(s.rate_hz == rate); // nothing of it was taken
    json_decref(saved);
}

static void wrong_json_is_refused(void **state) {
    (void)state;
    stp_settings s;
    assert_refused(read_json(&s, "[1]"), STP_ERR_FORMAT, &err, "settings.json: not a JSON object");
    assert_refused(read_json(&s, "{\"cells\": 4, \"epoch\": 1}"), STP_ERR_FORMAT, &err, "'epoch'");
    assert_refused(read_json(&s, "{\"cells\": 4, \"epochs\": 0}"), STP_ERR_FORMAT, &err, "epochs: '0'");
    assert_refused(read_json(&s, "{\"cells\": 4.0}"), STP_ERR_FORMAT, &err, "whole number");
    assert_refused(read_json(&s, "{\"lr\": \"0.1\"}"), STP_ERR_FORMAT, &err, "lr: must be a number");
    assert_refused(read_json(&s, "{\"lr\": 1e9}"), STP_ERR_FORMAT, &err, "lr: ");
    assert_refused(read_json(&s, "{\"silence\": 1}"), STP_ERR_FORMAT, &err, "true or false");
    assert_refused(read_json(&s, "{\"out\": 1}"), STP_ERR_FORMAT, &err, "must be a text");
    assert_refused(read_json(&s, "{\"out\": \"a\\u0000b\"}"), STP_ERR_FORMAT, &err, "must be a text");
    assert_int_equal(read_json(&s, "{\"lr\": 1}"), STP_OK);
    assert_true(s.search_lr == 1);
}

static void resuming_keeps_the_runs_own(void **state) {
    (void)state;
    stp_settings first, second;
    assert_int_equal(PARSE(&first, STP_CMD_SEARCH, "--preset", "paper", "--epochs", "20", "--threads", "2",
                           "--out", "run"),
                     STP_OK);
    json_t *saved = stp_settings_to_json(&first, STP_CMD_SEARCH);
    assert_int_equal(PARSE(&second, STP_CMD_SEARCH, "--resume", "run", "--threads", "7", "--epochs=20"),
                     STP_OK);
    assert_int_equal(stp_settings_resume(&second, STP_CMD_SEARCH, saved, "run/settings.json", &err), STP_OK);
    assert_int_equal(second.search_epochs, 20);
    assert_int_equal(second.search_channels, 16);
    assert_string_equal(second.preset, "paper");
    assert_int_equal(second.threads, 7);
    assert_string_equal(second.resume, "run");
    assert_int_equal(PARSE(&second, STP_CMD_SEARCH, "--resume", "run", "--seed", "2"), STP_OK);
    assert_refused(stp_settings_resume(&second, STP_CMD_SEARCH, saved, "run/settings.json", &err),
                   STP_ERR_USAGE, &err, "--seed is another");
    assert_int_equal(second.search_channels, 8); // untouched
    json_decref(saved);
}

static char *print(void (*printer)(FILE *, stp_command), stp_command command) {
    static char *text;
    static size_t bytes;
    FILE *out = open_memstream(&text, &bytes);
    printer(out, command);
    assert_int_equal(fclose(out), 0);
    return text;
}

// Without the breaks and indents of its lines.
static void unwrap(char *text) {
    char *to = text;
    for (const char *from = text; *from; from++)
        if (*from != '\n' || from[1] != ' ' || from[2] != ' ' || from[3] != ' ')
            *to++ = *from;
        else {
            *to++ = ' ';
            from += strspn(from + 1, " ");
        }
    *to = 0;
}

static void help_names_every_option(void **state) {
    (void)state;
    for (const char *letter = letters; *letter; letter++) {
        stp_command command = (stp_command)*letter;
        char *help = print(stp_settings_print_help, command), *man = print(stp_settings_print_man, command);
        for (const char *line = help; *line; line = strchr(line, '\n') + 1)
            assert_true(strcspn(line, "\n") <= 100 ||
                        strncmp(line + 35, "(default ", 9) == 0); // is never broken
        unwrap(help);
        for (int i = 0; i < STP_OPTIONS; i++) {
            const stp_option *option = stp_option_at(i);
            if (!stp_option_serves(option, command))
                continue;
            char flag[64];
            snprintf(flag, sizeof flag, "--%s", option->flag);
            if (stp_option_idle(option, command))
                assert_non_null(strstr(strstr(help, "without effect here: "), flag));
            else
                assert_non_null(strstr(help, option->help));
        }
        assert_non_null(strstr(man, ".TP\n.B \\-\\-"));
        free(help);
        free(man);
    }
    char *help = print(stp_settings_print_help, STP_CMD_SEARCH);
    assert_non_null(strstr(help, "(default 16; paper: 50)"));
    assert_non_null(strstr(help, "--[no-]unknown"));
    free(help);
}

// Wherever memory runs out, the answer is NULL, and nothing leaks (the sanitizers watch).
static void json_survives_want_of_memory(void **state) {
    (void)state;
    stp_settings s;
    assert_int_equal(stp_settings_defaults(&s, STP_CMD_SEARCH, "small", &err), STP_OK);
    json_set_alloc_funcs(stp_alloc, stp_free);
    int failed = 0;
    for (long n = 0;; n++) {
        stp_alloc_fail_after(n);
        json_t *json = stp_settings_to_json(&s, STP_CMD_SEARCH);
        stp_alloc_fail_after(-1);
        json_decref(json);
        if (json)
            break;
        failed++;
    }
    json_set_alloc_funcs(malloc, free);
    assert_true(failed > STP_OPTIONS / 2);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(table_is_sound),
        cmocka_unit_test(defaults_are_in_range),
        cmocka_unit_test(each_option_is_saved),
        cmocka_unit_test(flags_are_read),
        cmocka_unit_test(every_command_takes_these),
        cmocka_unit_test(wrong_flags_are_refused),
        cmocka_unit_test(numbers_are_strict),
        cmocka_unit_test(config_files_are_read),
        cmocka_unit_test(a_config_file_may_have_a_section_for_every_command),
        cmocka_unit_test(wrong_config_files_are_refused),
        cmocka_unit_test(what_a_search_hands_on_is_refused_by_its_name),
        cmocka_unit_test(wrong_json_is_refused),
        cmocka_unit_test(resuming_keeps_the_runs_own),
        cmocka_unit_test(help_names_every_option),
        cmocka_unit_test(json_survives_want_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
