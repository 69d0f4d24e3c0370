#include "report/image.h"

#include "base/arena.h"

#include <math.h>
#include <png.h>
#include <string.h>

enum { LARGEST_SIDE = 32768 };

stp_status stp_image_create(stp_image *image, int width, int height, stp_err *err) {
    *image = (stp_image){0};
    if (width < 1 || height < 1 || width > LARGEST_SIDE || height > LARGEST_SIDE)
        return stp_err_set(err, STP_ERR_USAGE,
                           "an image of %d x %d pixels cannot be made; give sides of 1 to %d", width, height,
                           LARGEST_SIDE);
    size_t bytes = (size_t)width * (size_t)height * 3;
    image->rgb = stp_alloc(bytes);
    if (!image->rgb)
        return stp_err_memory(err, "an image", bytes);
    memset(image->rgb, 255, bytes);
    image->width = width;
    image->height = height;
    return STP_OK;
}

void stp_image_free(stp_image *image) {
    stp_free(image->rgb);
    *image = (stp_image){0};
}

void stp_image_viridis(double value, unsigned char rgb[3]) {
    // every 19th part of the published 256 colours; straight lines between them stay within 2 of 255
    static const unsigned char table[20][3] = {
        {0x44, 0x01, 0x54}, {0x48, 0x15, 0x68}, {0x48, 0x26, 0x77}, {0x45, 0x37, 0x81}, {0x3f, 0x47, 0x88},
        {0x39, 0x55, 0x8c}, {0x32, 0x64, 0x8e}, {0x2d, 0x71, 0x8e}, {0x28, 0x7d, 0x8e}, {0x23, 0x8a, 0x8d},
        {0x1f, 0x96, 0x8b}, {0x20, 0xa3, 0x86}, {0x29, 0xaf, 0x7f}, {0x3c, 0xbc, 0x75}, {0x56, 0xc6, 0x67},
        {0x74, 0xd0, 0x55}, {0x94, 0xd8, 0x40}, {0xb8, 0xde, 0x29}, {0xdc, 0xe3, 0x18}, {0xfd, 0xe7, 0x25},
    };
    if (isnan(value)) {
        memset(rgb, 0xdd, 3);
        return;
    }
    double place = (value < 0 ? 0 : value > 1 ? 1 : value) * 19;
    int i = place >= 19 ? 18 : (int)place;
    for (int c = 0; c < 3; c++)
        rgb[c] = (unsigned char)lround(table[i][c] + (place - i) * (table[i + 1][c] - table[i][c]));
}

static void fill_block(stp_image *image, int x, int y, int scale, const unsigned char rgb[3]) {
    for (int row = y; row < y + scale; row++)
        for (int column = x; column < x + scale; column++)
            if (row >= 0 && row < image->height && column >= 0 && column < image->width)
                memcpy(image->rgb + ((size_t)row * (size_t)image->width + (size_t)column) * 3, rgb, 3);
}

void stp_image_heatmap(stp_image *image, int x, int y, int scale, const float *value, int rows, int columns,
                       long row_step, long column_step, double low, double high) {
    double range = high > low ? high - low : 1; // all values equal: one colour
    for (int i = 0; i < rows; i++)
        for (int j = 0; j < columns; j++) {
            unsigned char rgb[3];
            stp_image_viridis((value[i * row_step + j * column_step] - low) / range, rgb);
            fill_block(image, x + j * scale, y + i * scale, scale, rgb);
        }
}

// --- PNG ---------------------------------------------------------------------------------------------

static void append_bytes(png_structp png, png_bytep data, size_t bytes) {
    stp_text_add(png_get_io_ptr(png), data, bytes);
}

static void flush_nothing(png_structp png) {
    (void)png;
}

// libpng's own two functions print; here the status says it all.
static void png_leave(png_structp png, png_const_charp message) {
    (void)message;
    png_longjmp(png, 1);
}

static void png_quiet(png_structp png, png_const_charp message) {
    (void)png;
    (void)message;
}

// Jumps out on libpng's errors: everything it needs is made by the caller.
static int png_emit(png_structp png, png_infop info, const stp_image *image) {
    if (setjmp(png_jmpbuf(png)))
        return -1;
    png_set_IHDR(png, info, (png_uint_32)image->width, (png_uint_32)image->height, 8, PNG_COLOR_TYPE_RGB,
                 PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    png_write_info(png, info);
    for (int row = 0; row < image->height; row++)
        png_write_row(png, image->rgb + (size_t)row * (size_t)image->width * 3);
    png_write_end(png, info);
    return 0;
}

stp_status stp_image_encode_png(const stp_image *image, stp_text *out, stp_err *err) {
    png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, png_leave, png_quiet);
    png_infop info = png ? png_create_info_struct(png) : NULL;
    int failed = 1;
    if (info) {
        png_set_write_fn(png, out, append_bytes, flush_nothing);
        failed = png_emit(png, info, image);
    }
    png_destroy_write_struct(&png, &info);
    if (failed || out->failed)
        return stp_err_memory(err, "a PNG image",
                              (unsigned long long)image->width * (unsigned)image->height * 3);
    return STP_OK;
}

stp_status stp_image_write_png(const stp_image *image, const char *path, stp_err *err) {
    stp_text png = {0};
    stp_status status = stp_image_encode_png(image, &png, err);
    if (status == STP_OK)
        status = stp_text_write_file(&png, path, err);
    stp_text_free(&png);
    return status;
}
