// Figures: nothing outside the page, nothing that overlaps, and every way a journal can be spoilt.
#include "base/arena.h"
#include "base/rng.h"
#include "report/figures.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static int count_of(const char *text, const char *what) {
    int count = 0;
    for (const char *at = text; (at = strstr(at, what)); at++)
        count++;
    return count;
}

static double attribute(const char *element, const char *name) {
    const char *at = strstr(element, name);
    assert_non_null(at);
    return strtod(at + strlen(name), NULL);
}

typedef struct box {
    double x0, y0, x1, y1;
} box;

// The rectangles of a drawing wider and higher than `least`, the page itself left out.
static int boxes_of(const char *text, box *boxes, int most, double least) {
    int count = 0;
    const char *at = strstr(text, "<rect"); // the page
    while ((at = strstr(at + 1, "<rect")) && count < most) {
        box b = {attribute(at, " x=\""), attribute(at, " y=\""), 0, 0};
        b.x1 = b.x0 + attribute(at, " width=\"");
        b.y1 = b.y0 + attribute(at, " height=\"");
        if (b.x1 - b.x0 > least && b.y1 - b.y0 > least)
            boxes[count++] = b;
    }
    return count;
}

// Every text, upright or turned, lies on the page, by the width the writer reserves for it.
static void expect_texts_inside(const stp_svg *svg) {
    for (const char *at = svg->body.data; (at = strstr(at, "<text")); at++) {
        double x = attribute(at, " x=\""), y = attribute(at, " y=\""), size = attribute(at, " font-size=\"");
        const char *start = strchr(at, '>') + 1, *end = strchr(start, '<');
        char text[256], head[512];
        snprintf(head, sizeof head, "%.*s", (int)(start - at), at);
        snprintf(text, sizeof text, "%.*s", (int)(end - start), start);
        double width = stp_svg_text_width(text, size), x0 = x, x1 = x + width, y0 = y - size, y1 = y;
        if (strstr(head, "text-anchor=\"end\""))
            x0 = x - width, x1 = x;
        if (strstr(head, "text-anchor=\"middle\""))
            x0 = x - width / 2, x1 = x + width / 2;
        if (strstr(head, "rotate(-45"))
            x0 = x, x1 = x + 0.7072 * width, y0 = y - 0.7072 * width - size;
        if (strstr(head, "rotate(-90"))
            x0 = x - size, x1 = x, y0 = y - width / 2, y1 = y + width / 2;
        if (x0 < 0 || x1 > svg->width || y0 < 0 || y1 > svg->height)
            fail_msg("\"%s\" at %.0f..%.0f, %.0f..%.0f leaves the page of %.0f x %.0f", text, x0, x1, y0, y1,
                     svg->width, svg->height);
    }
}

// --- confusion ---------------------------------------------------------------------------------------

static void test_confusion(void **state) {
    (void)state;
    static const char *const labels[] = {"yes", "a<b>", "_unknown_"};
    static const long long counts[9] = {70, 2, 1, 0, 412, 0, 0, 0, 0};
    stp_svg svg;
    stp_figure_confusion(&svg, counts, 3, labels, "Confusion & more");
    assert_false(svg.body.failed);
    const char *text = svg.body.data;
    assert_int_equal(count_of(text, ">70</text>"), 1);
    assert_int_equal(count_of(text, ">412</text>"), 1);
    assert_int_equal(count_of(text, ">0</text>"), 0);
    assert_int_equal(count_of(text, ">95.9 %</text>"), 1); // 70 of 73
    assert_int_equal(count_of(text, ">100.0 %</text>"), 1);
    assert_int_equal(count_of(text, ">no clips</text>"), 1);
    assert_int_equal(count_of(text, ">a&lt;b&gt;</text>"), 2);
    assert_int_equal(count_of(text, "Confusion &amp; more"), 2);
    assert_int_equal(count_of(text, "fill=\"#084594\""),
                     2); // all of a row on the diagonal: row 2, and the legend
    stp_svg_free(&svg);
}

static void test_confusion_sizes(void **state) {
    (void)state;
    enum { MOST = 48 };
    static long long counts[MOST * MOST];
    static const char *labels[MOST];
    for (int i = 0; i < MOST; i++)
        labels[i] = i % 5 == 1   ? "a_label_that_goes_on_and_on_and_on"
                    : i % 5 == 3 ? "\346\227\245\346\234\254"
                                 : "no";
    for (int classes = 1; classes <= MOST; classes++) {
        for (int i = 0; i < classes * classes; i++)
            counts[i] = classes % 3 ? 99999 - i : 0; // every third all zero
        stp_svg svg;
        stp_figure_confusion(&svg, counts, classes, labels, "A title that is rather long for two classes");
        assert_false(svg.body.failed);
        expect_texts_inside(&svg);
        // the largest count stays inside its cell
        const char *cell = strstr(strstr(svg.body.data, "<rect") + 1, "<rect"),
                   *count = strstr(cell, "<text");
        if (classes % 3)
            assert_true(stp_svg_text_width("99999", attribute(count, " font-size=\"")) <=
                        ceil(attribute(cell, " width=\"")));
        stp_svg_free(&svg);
    }
}

// --- cells -------------------------------------------------------------------------------------------

static void random_genotype(stp_genotype *genotype, int index) {
    stp_rng rng = stp_rng_at(1, STP_RNG_TEST, 0, (uint64_t)index);
    *genotype = (stp_genotype){.front = "640/320/40", .features = "mfcc"};
    for (int kind = 0; kind < STP_CELL_KINDS; kind++)
        for (int node = 0; node < STP_CELL_NODES; node++) {
            stp_genotype_edge *edge = &genotype->edge[kind][2 * node];
            edge[0].from = (int)stp_rng_below(&rng, (uint64_t)node + 2);
            edge[1].from = (edge[0].from + 1 + (int)stp_rng_below(&rng, (uint64_t)node + 1)) % (node + 2);
            for (int k = 0; k < 2; k++)
                edge[k].op = (stp_cell_op)(1 + (int)stp_rng_below(&rng, STP_CELL_OPS - 1));
        }
}

static int segment_meets(const box *b, double x0, double y0, double x1, double y1) {
    const double inside = 1; // a line may touch a box, where it ends
    double left = x0 < x1 ? x0 : x1, right = x0 < x1 ? x1 : x0, top = y0 < y1 ? y0 : y1,
           low = y0 < y1 ? y1 : y0;
    return right > b->x0 + inside && left < b->x1 - inside && low > b->y0 + inside && top < b->y1 - inside;
}

static void expect_paths_free(const char *text, const box *boxes, int count) {
    for (const char *at = strstr(text, "<path d=\"M"); at; at = strstr(at + 1, "<path d=\"M")) {
        if (strstr(at, "0 0.8L8 4L0") == at + 10) // an arrow's head
            continue;
        char *p = (char *)at + 10;
        double x = strtod(p, &p), y = strtod(p, &p);
        while (*p == 'L') {
            double next_x = strtod(p + 1, &p), next_y = strtod(p, &p);
            assert_true(x == next_x || y == next_y); // level or upright, so that crossings are clear
            for (int i = 0; i < count; i++)
                if (segment_meets(&boxes[i], x, y, next_x, next_y))
                    fail_msg("the line %g,%g - %g,%g passes behind the box at %g,%g", x, y, next_x, next_y,
                             boxes[i].x0, boxes[i].y0);
            x = next_x;
            y = next_y;
        }
        assert_int_equal(*p, '"');
    }
}

static void test_cells(void **state) {
    (void)state;
    for (int index = 0; index < 300; index++) {
        stp_genotype genotype;
        stp_svg svg;
        box boxes[64];
        random_genotype(&genotype, index);
        stp_figure_cells(&svg, &genotype);
        assert_false(svg.body.failed);
        int count = boxes_of(svg.body.data, boxes, 64, 10);
        assert_int_equal(count, 2 * (8 + 4 + 1)); // operations, nodes, concatenation
        for (int i = 0; i < count; i++)
            for (int j = 0; j < i; j++)
                assert_false(segment_meets(&boxes[i], boxes[j].x0, boxes[j].y0, boxes[j].x1, boxes[j].y1));
        expect_paths_free(svg.body.data, boxes, count);
        expect_texts_inside(&svg);
        // every operation is named as often as it was found
        for (int op = 1; op < STP_CELL_OPS; op++) {
            int found = 0;
            char label[32];
            for (int i = 0; i < STP_CELL_KINDS * STP_CELL_KEPT_EDGES; i++)
                found +=
                    genotype.edge[i / STP_CELL_KEPT_EDGES][i % STP_CELL_KEPT_EDGES].op == (stp_cell_op)op;
            snprintf(label, sizeof label, ">%s</text>", stp_cell_op_name((stp_cell_op)op));
            assert_int_equal(count_of(svg.body.data, label), found);
            assert_true(stp_svg_text_width(stp_cell_op_name((stp_cell_op)op), 11.5) < 100);
        }
        stp_svg_free(&svg);
    }
}

// --- curves ------------------------------------------------------------------------------------------

static char journal_path[] = "/tmp/stapes-journal-XXXXXX";

static int make_journal(void **state) {
    (void)state;
    int handle = mkstemp(journal_path);
    return handle < 0 || close(handle);
}

static int drop_journal(void **state) {
    (void)state;
    return remove(journal_path);
}

static stp_status curves_of(const char *journal, stp_svg *svg, stp_err *err) {
    FILE *file = fopen(journal_path, "wb");
    fputs(journal, file);
    fclose(file);
    return stp_figure_curves(svg, journal_path, "Search", err);
}

static void test_search_curves(void **state) {
    (void)state;
    stp_svg svg;
    stp_err err = {0};
    assert_int_equal(
        curves_of(
            "{\"epoch\":0,\"phase\":\"warm-up\",\"loss\":3.5,\"accuracy\":10,\"gamma\":[0.5,0.5],"
            "\"front\":[\"400/100/40\",\"640/320/40\"],\"settled\":false}\n"
            "{\"epoch\":1,\"phase\":\"search\",\"loss\":3,\"accuracy\":20,\"arch_loss\":3.2,\"arch_"
            "accuracy\":18,"
            "\"validation_accuracy\":19,\"gamma\":[0.4,0.6],\"alpha_entropy\":{\"normal\":2,\"reduction\":2},"
            "\"beta_entropy\":{\"normal\":1,\"reduction\":1},\"settled\":false}\n"
            "{\"epoch\":2,\"phase\":\"search\",\"loss\":2,\"accuracy\":40,\"arch_loss\":2.2,\"gamma\":[0.3,0."
            "7],"
            "\"settled\":true}\n"
            "{\"epoch\":3,\"loss\":", // being written
            &svg, &err),
        STP_OK);
    assert_false(svg.body.failed);
    const char *text = svg.body.data;
    assert_int_equal(count_of(text, ">Loss</text>"), 1);
    assert_int_equal(count_of(text, ">Accuracy, per cent</text>"), 1);
    assert_int_equal(count_of(text, ">Weight of each front-end (softmax of gamma)</text>"), 1);
    assert_int_equal(count_of(text, ">Entropy of alpha and beta</text>"), 1);
    assert_int_equal(count_of(text, ">400/100/40</text>"), 1);
    assert_int_equal(count_of(text, ">640/320/40</text>"), 1);
    assert_int_equal(count_of(text, ">search</text>"), 4);
    assert_int_equal(count_of(text, ">gamma settled</text>"), 4);
    // losses 2 lines, accuracies 1 and two dots, gammas 2, entropies four dots; 11 legend lines, 8 marks
    assert_int_equal(count_of(text, "<polyline"), 2 + 1 + 2 + 11 + 8);
    assert_int_equal(count_of(text, "rx=\"2.5\""), 6);
    expect_texts_inside(&svg);
    stp_svg_free(&svg);
}

static void test_training_curves(void **state) {
    (void)state;
    stp_svg svg;
    stp_err err = {0};
    assert_int_equal(
        curves_of("{\"epoch\":0,\"loss\":3,\"accuracy\":10,\"validation_accuracy\":null}\n"
                  "{\"epoch\":1,\"loss\":2,\"accuracy\":50,\"validation_accuracy\":40,\"lr\":0.1}\n"
                  "{\"epoch\":2,\"loss\":1,\"accuracy\":70,\"validation_accuracy\":60,\"lr\":0.1}\n",
                  &svg, &err),
        STP_OK);
    assert_int_equal(count_of(svg.body.data, "<polyline"), 3 + 3);
    assert_int_equal(count_of(svg.body.data, "gamma"), 0);
    assert_int_equal(count_of(svg.body.data, "Entropy"), 0);
    // the loss runs from the plot's upper left to its lower right corner: its axis is 1 .. 3
    assert_non_null(strstr(svg.body.data, "<polyline points=\"76,88 450,183 824,278\""));
    expect_texts_inside(&svg);
    stp_svg_free(&svg);
}

static void test_long_journal(void **state) {
    (void)state;
    stp_text text = {0};
    for (int i = 0; i < 7000; i++)
        stp_text_printf(&text, "{\"epoch\":%d,\"loss\":%d}\n", i, i % 100);
    stp_svg svg;
    stp_err err = {0};
    assert_int_equal(curves_of(text.data, &svg, &err), STP_OK);
    assert_in_range(svg.body.bytes, 10000, 60000); // thinned out: 7000 points would take over 80000
    expect_texts_inside(&svg);
    stp_svg_free(&svg);
    stp_text_free(&text);
}

static void test_bad_journals(void **state) {
    (void)state;
    static const struct {
        const char *journal, *says;
    } rows[] = {
        {"", "no epoch is finished yet"},
        {"{\"epoch\":0", "no epoch is finished yet"},
        {"{\"epoch\":0}\n{\"epoch\":}\n", ":2: not JSON"},
        {"{\"epoch\":0}\n\n", ":2: not JSON"},
        {"[1]\n", ":1: no object with an integer \"epoch\""},
        {"{\"loss\":1}\n", ":1: no object with an integer \"epoch\""},
        {"{\"epoch\":\"1\"}\n", ":1: no object with an integer \"epoch\""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        stp_svg svg;
        stp_err err = {0};
        assert_int_equal(curves_of(rows[i].journal, &svg, &err), STP_ERR_FORMAT);
        assert_int_equal(strncmp(err.text, journal_path, strlen(journal_path)), 0);
        if (!strstr(err.text, rows[i].says))
            fail_msg("\"%s\" does not say \"%s\"", err.text, rows[i].says);
    }
    stp_svg svg;
    stp_err err = {0};
    assert_int_equal(stp_figure_curves(&svg, "/nowhere/journal.jsonl", "Search", &err), STP_ERR_IO);
    assert_non_null(strstr(err.text, "/nowhere/journal.jsonl: cannot be read (No such file or directory)"));
    assert_int_equal(stp_figure_curves(&svg, "/tmp", "Search", &err), STP_ERR_IO);
    // keys of wrong types are as if they were missing
    assert_int_equal(
        curves_of("{\"epoch\":0,\"loss\":\"x\",\"gamma\":3,\"phase\":7,\"alpha_entropy\":[]}\n", &svg, &err),
        STP_OK);
    assert_int_equal(count_of(svg.body.data, "<polyline"), 0);
    stp_svg_free(&svg);
}

static void test_memory_runs_out(void **state) {
    (void)state;
    static const char journal[] =
        "{\"epoch\":0,\"loss\":3,\"gamma\":[0.5,0.5]}\n{\"epoch\":1,\"loss\":2,\"gamma\":[1,0]}\n";
    stp_status status = STP_ERR_MEMORY;
    long n = 0;
    for (; status != STP_OK && n < 1000; n++) {
        stp_svg svg;
        stp_err err = {0};
        stp_alloc_fail_after(n);
        status = curves_of(journal, &svg, &err);
        int drawn = status == STP_OK;
        if (drawn) // a failure inside the drawing is told when it is written
            status = stp_svg_write_file(&svg, journal_path, &err);
        stp_alloc_fail_after(-1);
        assert_true(status == STP_OK || status == STP_ERR_MEMORY);
        if (drawn)
            stp_svg_free(&svg);
    }
    assert_int_equal(status, STP_OK);
    assert_true(n > 5);
}

// --- growth ------------------------------------------------------------------------------------------

static stp_status growth_of(const char *table, stp_svg *svg, stp_err *err) {
    FILE *file = fopen(journal_path, "w");
    assert_non_null(file);
    fputs(table, file);
    fclose(file);
    return stp_figure_growth(svg, journal_path, "Growth", err);
}

static void test_growth(void **state) {
    (void)state;
    stp_svg svg;
    stp_err err;
    assert_int_equal(
        growth_of("peak_mb,axis,isa,value,ms_per_pair\n100,cells,avx2,3,2.5\n150,cells,avx2,4,3\n"
                  "200,cells,avx2,8,5\n100,threads,avx2,1,7\n",
                  &svg, &err),
        STP_OK);
    // Four panels with as many titles and no legend; three and one points twice.
    assert_int_equal(count_of(svg.body.data, ">cells: ms a pair<"), 1);
    assert_int_equal(count_of(svg.body.data, ">threads: MB at most<"), 1);
    assert_int_equal(count_of(svg.body.data, "width=\"5\""), 8 + 2); // a point alone is a dot anyway
    assert_int_equal(count_of(svg.body.data, "#0072b2"), 8 + 2 + 2); // and the two lines; nothing in a legend
    expect_texts_inside(&svg);
    stp_svg_free(&svg);
}

static void test_bad_growth(void **state) {
    (void)state;
    static const struct {
        const char *table, *says;
    } rows[] = {
        {"", "nothing was measured"},
        {"axis,value,ms_per_pair,peak_mb\n", "nothing was measured"},
        {"axis,value,ms_per_pair\ncells,3,2\n", ":1: a column of"},
        {"axis,value,ms_per_pair,peak_mb\ncells,3,2\n", ":2: no number"},
        {"axis,value,ms_per_pair,peak_mb\ncells,3,fast,2\n", ":2: no number"},
        {"axis,value,ms_per_pair,peak_mb\ncells,3,2,-1\n", ":2: no number"},
        {"axis,value,ms_per_pair,peak_mb\ncells,3,nan,1\n", ":2: no number"},
        {"axis,value,ms_per_pair,peak_mb\ncells,3,2,2\ncells,3,2,2\n",
         ":3: the values of an axis do not rise"},
        {"axis,value,ms_per_pair,peak_mb\n,3,2,2\n", ":2: the axis has no name"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        stp_svg svg;
        stp_err err;
        assert_int_equal(growth_of(rows[i].table, &svg, &err), STP_ERR_FORMAT);
        assert_non_null(strstr(err.text, rows[i].says));
    }
    stp_svg svg;
    stp_err err;
    assert_int_equal(stp_figure_growth(&svg, "/nowhere/growth.csv", "Growth", &err), STP_ERR_IO);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_confusion),       cmocka_unit_test(test_confusion_sizes),
        cmocka_unit_test(test_cells),           cmocka_unit_test(test_search_curves),
        cmocka_unit_test(test_training_curves), cmocka_unit_test(test_long_journal),
        cmocka_unit_test(test_bad_journals),    cmocka_unit_test(test_memory_runs_out),
        cmocka_unit_test(test_growth),          cmocka_unit_test(test_bad_growth),
    };
    return cmocka_run_group_tests(tests, make_journal, drop_journal);
}
