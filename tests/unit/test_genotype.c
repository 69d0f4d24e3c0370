// The genotype's JSON form: there and back, and a precise refusal for every way to spoil it.
#include "space/genotype.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char good[] = "{\"front\": \"640/320/40\", \"features\": \"mfcc\","
                           "\"normal\": ["
                           "{\"node\": 2, \"op\": \"sep_conv_3x3\", \"from\": 0}, {\"node\": 2, \"op\": "
                           "\"skip_connect\", \"from\": 1},"
                           "{\"node\": 3, \"op\": \"dil_conv_5x5\", \"from\": 2}, {\"node\": 3, \"op\": "
                           "\"max_pool_3x3\", \"from\": 0},"
                           "{\"node\": 4, \"op\": \"avg_pool_3x3\", \"from\": 3}, {\"node\": 4, \"op\": "
                           "\"sep_conv_5x5\", \"from\": 1},"
                           "{\"node\": 5, \"op\": \"dil_conv_3x3\", \"from\": 4}, {\"node\": 5, \"op\": "
                           "\"sep_conv_3x3\", \"from\": 0}],"
                           "\"reduction\": ["
                           "{\"node\": 5, \"op\": \"sep_conv_3x3\", \"from\": 0}, {\"node\": 2, \"op\": "
                           "\"sep_conv_3x3\", \"from\": 1},"
                           "{\"node\": 4, \"op\": \"sep_conv_3x3\", \"from\": 0}, {\"node\": 3, \"op\": "
                           "\"sep_conv_3x3\", \"from\": 0},"
                           "{\"node\": 3, \"op\": \"sep_conv_5x5\", \"from\": 1}, {\"node\": 4, \"op\": "
                           "\"sep_conv_5x5\", \"from\": 1},"
                           "{\"node\": 2, \"op\": \"sep_conv_5x5\", \"from\": 0}, {\"node\": 5, \"op\": "
                           "\"sep_conv_5x5\", \"from\": 1}]}";

static json_t *load(const char *text) {
    json_error_t error;
    json_t *object = json_loads(text, JSON_DECODE_ANY, &error);
    if (!object)
        fail_msg("bad JSON in the test: %s in %s", error.text, text);
    return object;
}

static void test_reads(void **state) {
    (void)state;
    json_t *object = load(good);
    stp_genotype genotype;
    stp_err err = {0};
    assert_int_equal(stp_genotype_from_json(&genotype, object, "g.json", &err), STP_OK);
    json_decref(object);
    assert_string_equal(genotype.front, "640/320/40");
    assert_string_equal(genotype.features, "mfcc");
    assert_int_equal(genotype.edge[STP_CELL_NORMAL][2].op, STP_CELL_DIL_CONV_5X5);
    assert_int_equal(genotype.edge[STP_CELL_NORMAL][2].from, 2);
    // the reduction cell above is written in disorder: each edge finds its node, in the order written
    static const int from[STP_CELL_KEPT_EDGES] = {1, 0, 0, 1, 0, 1, 0, 1};
    for (int i = 0; i < STP_CELL_KEPT_EDGES; i++) {
        assert_int_equal(genotype.edge[STP_CELL_REDUCTION][i].from, from[i]);
        assert_int_equal(genotype.edge[STP_CELL_REDUCTION][i].op,
                         i % 2 ? STP_CELL_SEP_CONV_5X5 : STP_CELL_SEP_CONV_3X3);
    }
}

static void test_there_and_back(void **state) {
    (void)state;
    stp_genotype genotype, again;
    stp_err err = {0};
    json_t *object = load(good);
    assert_int_equal(stp_genotype_from_json(&genotype, object, "g.json", &err), STP_OK);
    json_decref(object);
    strcpy(genotype.front, "400/100/80:13");
    strcpy(genotype.features, "logmel");
    json_t *written = stp_genotype_to_json(&genotype);
    assert_non_null(written);
    assert_int_equal(stp_genotype_from_json(&again, written, "g.json", &err), STP_OK);
    assert_memory_equal(&genotype, &again, sizeof genotype);
    char *text = json_dumps(written, JSON_COMPACT);
    const char *start = "{\"front\":\"400/100/80:13\",\"features\":\"logmel\",\"normal\":[{\"node\":2,"
                        "\"op\":\"sep_conv_3x3\",\"from\":0},{\"node\":2,";
    assert_int_equal(strncmp(text, start, strlen(start)), 0);
    free(text);
    json_decref(written);
}

static void test_op_names(void **state) {
    (void)state;
    stp_cell_op op;
    for (int i = 0; i < STP_CELL_OPS; i++) {
        assert_int_equal(stp_cell_op_parse(&op, stp_cell_op_name((stp_cell_op)i)), 0);
        assert_int_equal(op, i);
    }
    assert_int_equal(stp_cell_op_parse(&op, "sep_conv"), -1);
    assert_int_equal(stp_cell_op_parse(&op, ""), -1);
    assert_string_equal(stp_cell_op_name((stp_cell_op)8), "?");
    assert_string_equal(stp_cell_op_name((stp_cell_op)-1), "?");
}

// Each row spoils the good text: the first `find` becomes `put`; the refusal must contain `says`.
typedef struct spoiled {
    const char *find, *put, *says;
} spoiled;

#define EDGE0 "{\"node\": 2, \"op\": \"sep_conv_3x3\", \"from\": 0}"
#define EDGE1 "{\"node\": 2, \"op\": \"skip_connect\", \"from\": 1}"

static const spoiled rows[] = {
    {"\"front\": \"640/320/40\", ", "", "the key \"front\" is missing"},
    {"\"features\": \"mfcc\",", "", "the key \"features\" is missing"},
    {"\"normal\"", "\"norm\"", "unknown key \"norm\"; remove it (known: front, features, normal, reduction)"},
    {"\"front\"", "\"seed\": 1, \"front\"", "unknown key \"seed\""},
    {"\"640/320/40\"", "640", "\"front\" is an integer; give a string"},
    {"\"mfcc\"", "null", "\"features\" is null; give a string"},
    {"\"mfcc\"", "\"plp\"", "unknown features \"plp\"; give mfcc or logmel"},
    {"640/320/40", "640/320", "\"640/320\" is not window/hop/filters"},
    {"640/320/40", "640/320/40:", "is not window/hop/filters"},
    {"640/320/40", "640/320/40:10:3", "is not window/hop/filters"},
    {"640/320/40", "640/320/40/10", "is not window/hop/filters"},
    {"640/320/40", "640:320/40", "is not window/hop/filters"},
    {"640/320/40", "-640/320/40", "is not window/hop/filters"},
    {"640/320/40", "640/0/40", "is not window/hop/filters"},
    {"640/320/40", " 640/320/40", "is not window/hop/filters"},
    {"640/320/40", "640/320/40 ", "is not window/hop/filters"},
    {"640/320/40", "6400000/320/40", "is not window/hop/filters"},
    {"640/320/40", "", "is not window/hop/filters"},
    {"640/320/40", "a/b/c", "is not window/hop/filters"},
    {"\"normal\": [", "\"normal\": 3, \"reduction\": [", "\"normal\" is an integer; give a list of 8 edges"},
    {EDGE0, "7", "normal[0]: this is an integer; give an object with the keys node, op, from"},
    {EDGE0, "[2, 0]", "normal[0]: this is a list"},
    {EDGE1, "{\"node\": 2, \"op\": \"skip_connect\"}", "normal[1]: the key \"from\" is missing"},
    {EDGE1, "{\"node\": 2, \"from\": 1}", "normal[1]: the key \"op\" is missing"},
    {EDGE1, "{\"op\": \"skip_connect\", \"from\": 1}", "normal[1]: the key \"node\" is missing"},
    {"\"from\": 0}", "\"from\": 0, \"weight\": 0.5}", "normal[0]: unknown key \"weight\""},
    {"\"node\": 2", "\"node\": \"2\"", "normal[0]: \"node\" is a string; give an integer"},
    {"\"node\": 2", "\"node\": 1", "normal[0]: there is no node 1; give 2 to 5"},
    {"\"node\": 2", "\"node\": 6", "normal[0]: there is no node 6; give 2 to 5"},
    {"\"node\": 2", "\"node\": 4294967298", "there is no node 4294967298"},
    {"\"op\": \"sep_conv_3x3\"", "\"op\": 4", "normal[0]: \"op\" is an integer; give a string"},
    {"sep_conv_3x3", "sep_conv_7x7",
     "normal[0]: unknown operation \"sep_conv_7x7\"; known: max_pool_3x3, avg_pool_3x3, skip_connect, "
     "sep_conv_3x3, sep_conv_5x5, dil_conv_3x3, dil_conv_5x5"},
    {"sep_conv_3x3", "none", "normal[0]: a found cell has no operation \"none\"; give one of max_pool_3x3"},
    {"\"from\": 0", "\"from\": 0.0", "normal[0]: \"from\" is a fraction; give an integer"},
    {"\"from\": 0", "\"from\": true", "normal[0]: \"from\" is true or false; give an integer"},
    {"\"from\": 0", "\"from\": -1", "normal[0]: there is no state -1 to take from; node 2 may take 0 to 1"},
    {"\"from\": 0", "\"from\": 6", "normal[0]: there is no state 6 to take from; node 2 may take 0 to 1"},
    {"\"from\": 0", "\"from\": 2",
     "node 2 takes from state 2, which does not exist yet (a cycle); give 0 to 1"},
    {"\"from\": 0", "\"from\": 5",
     "node 2 takes from state 5, which does not exist yet (a cycle); give 0 to 1"},
    {"\"from\": 0", "\"from\": 1", "normal[1]: both edges of node 2 take from state 1"},
    {EDGE1, EDGE1 ", {\"node\": 2, \"op\": \"skip_connect\", \"from\": 0}",
     "normal[2]: a third edge of node 2"},
    {EDGE1 ",", "", "node 2 of \"normal\" has 1 of its 2 edges"},
    {"\"node\": 2", "\"node\": 3", "normal[3]: a third edge of node 3"},
};

static char *spoil(const spoiled *row) {
    const char *at = strstr(good, row->find);
    assert_non_null(at);
    size_t head = (size_t)(at - good), tail = strlen(at + strlen(row->find));
    char *text = test_malloc(head + strlen(row->put) + tail + 1);
    memcpy(text, good, head);
    strcpy(text + head, row->put);
    strcat(text, at + strlen(row->find));
    return text;
}

static void test_refusals(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char *text = spoil(&rows[i]);
        // the row that gives "normal" a number repeats "reduction": the later one counts
        json_t *object = load(text);
        stp_genotype genotype, before;
        memset(&genotype, 0x5a, sizeof genotype);
        before = genotype;
        stp_err err = {0};
        assert_int_equal(stp_genotype_from_json(&genotype, object, "g.json", &err), STP_ERR_FORMAT);
        if (strncmp(err.text, "g.json: ", 8) != 0 || !strstr(err.text, rows[i].says))
            fail_msg("row %zu: \"%s\" does not say \"%s\"", i, err.text, rows[i].says);
        assert_memory_equal(&genotype, &before, sizeof genotype); // a refused file changes nothing
        json_decref(object);
        test_free(text);
    }
}

static void test_no_object(void **state) {
    (void)state;
    stp_genotype genotype;
    stp_err err = {0};
    json_t *list = load("[1, 2]");
    assert_int_equal(stp_genotype_from_json(&genotype, list, "g.json", &err), STP_ERR_FORMAT);
    assert_non_null(strstr(err.text, "g.json: this is a list; give an object"));
    json_decref(list);
    assert_int_equal(stp_genotype_from_json(&genotype, NULL, "g.json", &err), STP_ERR_FORMAT);
    assert_non_null(strstr(err.text, "this is missing"));
}

// Every allocation of jansson fails once: NULL comes back, and (under the address sanitizer) nothing leaks.
static long allocations_left;

static void *failing_malloc(size_t bytes) {
    return allocations_left-- > 0 ? malloc(bytes) : NULL;
}

static void test_memory_runs_out(void **state) {
    (void)state;
    json_t *object = load(good);
    stp_genotype genotype;
    assert_int_equal(stp_genotype_from_json(&genotype, object, "g.json", NULL), STP_OK);
    json_decref(object);
    long n = 0;
    json_t *written = NULL;
    while (!written && n < 10000) {
        allocations_left = n++;
        json_set_alloc_funcs(failing_malloc, free);
        written = stp_genotype_to_json(&genotype);
        json_set_alloc_funcs(malloc, free);
    }
    assert_non_null(written);
    assert_true(n > 20);
    json_decref(written);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reads),     cmocka_unit_test(test_there_and_back),
        cmocka_unit_test(test_op_names),  cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_no_object), cmocka_unit_test(test_memory_runs_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
