#include "export/front_source.h"

#include "export/c_array.h"
#include "frontend/front_tables.h"

static void floats(stp_text *text, const char *name, const char *part, const float *values, int count) {
    char full[128];
    snprintf(full, sizeof full, "%s_%s", name, part);
    stp_c_floats(text, full, values, (size_t)count);
}

static void words(stp_text *text, const char *name, const char *part, const uint16_t *values, int count) {
    char full[128];
    snprintf(full, sizeof full, "%s_%s", name, part);
    stp_c_u16(text, full, values, (size_t)count);
}

static void put_tables(stp_text *text, const stapes_front_config *c, const char *name) {
    int n = c->fft_samples / 2, weights = 0;
    for (int f = 0; f < c->filters; f++)
        weights += c->mel_count[f];
    floats(text, name, "window", c->window, c->window_samples / 2 + 1);
    words(text, name, "order", c->order, n / stp_front_fft_head(n));
    floats(text, name, "roots", c->roots, n);
    words(text, name, "mel_first", c->mel_first, c->filters);
    words(text, name, "mel_count", c->mel_count, c->filters);
    floats(text, name, "mel_weights", c->mel_weights, weights);
    if (c->cepstra)
        floats(text, name, "dct", c->dct, c->coefficients * ((c->filters + 1) / 2));
    floats(text, name, "mean", c->mean, c->coefficients);
    floats(text, name, "inv_deviation", c->inv_deviation, c->coefficients);
}

void stp_front_source(stp_text *text, const stapes_front_config *c, const char *name) {
    put_tables(text, c, name);
    // in the order of the struct, without names, so that C++ takes it too
    stp_text_printf(text, "static const stapes_front_config %s = {\n    %d, %d, %d, %d, %d, %d,\n", name,
                    c->window_samples, c->hop_samples, c->fft_samples, c->filters, c->coefficients,
                    c->cepstra);
    stp_text_printf(text, "    %s_window, %s_order, %s_roots,\n", name, name, name);
    stp_text_printf(text, "    %s_mel_first, %s_mel_count, %s_mel_weights,\n", name, name, name);
    if (c->cepstra)
        stp_text_printf(text, "    %s_dct,", name);
    else
        stp_text_puts(text, "    0,");
    stp_text_printf(text, " %s_mean, %s_inv_deviation, 0x%08xu\n};\n", name, name, (unsigned)c->check);
}
