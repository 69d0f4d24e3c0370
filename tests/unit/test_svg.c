// Drawings and images: well-formed text, the same for every locale, and PNG bytes that libpng reads back.
#include "base/arena.h"
#include "report/image.h"
#include "report/svg.h"

#include <math.h>
#include <png.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static void draw_everything(stp_svg *svg) {
    stp_svg_begin(svg, 200.5, 100, "<title>");
    stp_svg_rect(svg, 1, 2.25, 3, 4, 1, "#112233", "#000", 0.5);
    stp_svg_line(svg, 0, 0, 10, 10, "#445566", 1);
    stp_svg_polyline(svg, (const double[]){0, 1, 2.125, 3}, 2, "red", 2, "4 2");
    stp_svg_path(svg, "M0 0L1 1", NULL, "#778899", 1, 1);
    stp_svg_path(svg, "M2 2L1 1", NULL, "#778899", 1, 1);
    stp_svg_text(svg, 5, 6, (stp_svg_font){.size = 12, .anchor = STP_SVG_END, .bold = 1, .angle = -45},
                 "a & b");
}

static void test_document(void **state) {
    (void)state;
    stp_svg svg;
    stp_err err = {0};
    stp_text text = {0};
    draw_everything(&svg);
    assert_int_equal(stp_svg_finish(&svg, &text, &err), STP_OK);
    static const char *const parts[] = {
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"200.5\" height=\"100\" viewBox=\"0 0 200.5 100\"",
        "<title>&lt;title&gt;</title>",
        "<rect x=\"1\" y=\"2.25\" width=\"3\" height=\"4\" rx=\"1\" fill=\"#112233\" stroke=\"#000\" "
        "stroke-width=\"0.5\"/>",
        "<line x1=\"0\" y1=\"0\" x2=\"10\" y2=\"10\" fill=\"none\" stroke=\"#445566\" stroke-width=\"1\"/>",
        "<polyline points=\"0,1 2.13,3\" fill=\"none\" stroke=\"red\" stroke-width=\"2\" "
        "stroke-dasharray=\"4 2\"",
        "<path d=\"M0 0L1 1\" fill=\"none\" stroke=\"#778899\" stroke-width=\"1\" "
        "marker-end=\"url(#arrow-778899)\"/>",
        "text-anchor=\"end\" font-weight=\"bold\" transform=\"rotate(-45 5 6)\">a &amp; b</text>",
    };
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        if (!strstr(text.data, parts[i]))
            fail_msg("missing: %s\nin:\n%s", parts[i], text.data);
    // one marker for the colour, though two paths use it
    const char *marker = strstr(text.data, "<marker ");
    assert_non_null(marker);
    assert_null(strstr(marker + 1, "<marker "));
    assert_string_equal(text.data + text.bytes - 7, "</svg>\n");
    stp_text_free(&text);
    stp_svg_free(&svg);
}

static void test_memory_runs_out(void **state) {
    (void)state;
    // the n-th allocation fails, for every n until none does: never a crash, always told
    stp_status status = STP_ERR_MEMORY;
    for (long n = 0; status != STP_OK && n < 100; n++) {
        stp_svg svg;
        stp_text text = {0};
        stp_err err = {0};
        stp_alloc_fail_after(n);
        draw_everything(&svg);
        status = stp_svg_finish(&svg, &text, &err);
        stp_alloc_fail_after(-1);
        assert_true(status == STP_OK || status == STP_ERR_MEMORY);
        assert_true(status == STP_OK || n < 20);
        stp_text_free(&text);
        stp_svg_free(&svg);
    }
    assert_int_equal(status, STP_OK);
}

static void test_viridis(void **state) {
    (void)state;
    unsigned char rgb[3], last[3];
    stp_image_viridis(0, rgb);
    assert_memory_equal(rgb, ((unsigned char[]){0x44, 0x01, 0x54}), 3);
    stp_image_viridis(2, rgb);
    assert_memory_equal(rgb, ((unsigned char[]){0xfd, 0xe7, 0x25}), 3);
    stp_image_viridis(NAN, rgb);
    assert_memory_equal(rgb, ((unsigned char[]){0xdd, 0xdd, 0xdd}), 3);
    // the middle of the published map is 21 91 8c
    stp_image_viridis(0.5, rgb);
    assert_in_range(rgb[0], 0x1f, 0x23);
    assert_in_range(rgb[1], 0x8f, 0x93);
    assert_in_range(rgb[2], 0x8a, 0x8e);
    // perceptual: luma rises all the way, even after rounding to bytes
    stp_image_viridis(0, last);
    for (int i = 10; i <= 1000; i += 10) {
        stp_image_viridis(i / 1000.0, rgb);
        assert_true(299 * rgb[0] + 587 * rgb[1] + 114 * rgb[2] >
                    299 * last[0] + 587 * last[1] + 114 * last[2]);
        memcpy(last, rgb, 3);
    }
}

static void test_png_reads_back(void **state) {
    (void)state;
    char path[] = "/tmp/stapes-image-XXXXXX";
    int handle = mkstemp(path);
    assert_true(handle >= 0);
    close(handle);
    stp_image image;
    stp_err err = {0};
    assert_int_equal(stp_image_create(&image, 7, 5, &err), STP_OK);
    const float value[6] = {0, 1, 2, 3, 4, 5};
    // the second row above the first, one column over the right edge
    stp_image_heatmap(&image, 2, 1, 2, value + 3, 2, 3, -3, 1, 0, 5);
    assert_int_equal(stp_image_write_png(&image, path, &err), STP_OK);
    png_image back = {.version = PNG_IMAGE_VERSION};
    assert_true(png_image_begin_read_from_file(&back, path));
    back.format = PNG_FORMAT_RGB;
    assert_int_equal(back.width, 7);
    assert_int_equal(back.height, 5);
    unsigned char pixels[7 * 5 * 3], expected[3];
    assert_true(png_image_finish_read(&back, NULL, pixels, 0, NULL));
    assert_memory_equal(pixels, image.rgb, sizeof pixels);
    assert_int_equal(pixels[0], 255);
    stp_image_viridis(1, expected); // value 5: row 0, column 2 of the map; its left half is inside
    assert_memory_equal(pixels + (1 * 7 + 6) * 3, expected, 3);
    stp_image_viridis(0, expected);
    assert_memory_equal(pixels + (3 * 7 + 2) * 3, expected, 3);
    remove(path);
    stp_image_free(&image);
}

static void test_image_errors(void **state) {
    (void)state;
    stp_image image;
    stp_err err = {0};
    assert_int_equal(stp_image_create(&image, 0, 5, &err), STP_ERR_USAGE);
    assert_int_equal(stp_image_create(&image, 5, 40000, &err), STP_ERR_USAGE);
    stp_alloc_fail_after(0);
    assert_int_equal(stp_image_create(&image, 5, 5, &err), STP_ERR_MEMORY);
    stp_alloc_fail_after(-1);
    assert_null(image.rgb);
    assert_int_equal(stp_image_create(&image, 5, 5, &err), STP_OK);
    stp_alloc_fail_after(0);
    stp_text png = {0};
    assert_int_equal(stp_image_encode_png(&image, &png, &err), STP_ERR_MEMORY);
    stp_alloc_fail_after(-1);
    stp_text_free(&png);
    if (access("/dev/full", W_OK) == 0)
        assert_int_equal(stp_image_write_png(&image, "/dev/full", &err), STP_ERR_IO);
    stp_image_free(&image);
}

static void test_image_in_drawing(void **state) {
    (void)state;
    stp_image image;
    stp_svg svg;
    stp_text text = {0};
    stp_err err = {0};
    assert_int_equal(stp_image_create(&image, 3, 2, &err), STP_OK);
    stp_svg_begin(&svg, 10, 10, "image");
    stp_svg_image(&svg, 1, 1, 6, 4, &image);
    assert_int_equal(stp_svg_finish(&svg, &text, &err), STP_OK);
    // the eight bytes that begin every PNG, and the 13 of its header's length, in base 64
    assert_non_null(strstr(text.data, "href=\"data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAMAAAAC"));
    stp_text_free(&text);
    stp_svg_free(&svg);
    stp_image_free(&image);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_document),     cmocka_unit_test(test_memory_runs_out),
        cmocka_unit_test(test_viridis),      cmocka_unit_test(test_png_reads_back),
        cmocka_unit_test(test_image_errors), cmocka_unit_test(test_image_in_drawing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
