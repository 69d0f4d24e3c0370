#include "quant/int8_file.h"

#include "base/json_memory.h"
#include "quant/lower.h"
#include "quant/quantise.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <zlib.h>

static const char json_name[] = "int8.json", bin_name[] = "int8.bin";

enum { FORMAT = 1, SECTIONS = 4 };

typedef struct stored_scale {
    float scale;
    int32_t zero;
} stored_scale;

// --- what the numbers were made from --------------------------------------------------------------

// A system that was trained again has other weights under the same names.
static unsigned long sum_of_model(const stp_model *m) {
    unsigned long crc =
        crc32_z(0, (const unsigned char *)m->weights, sizeof *m->weights * (size_t)m->graph->weights);
    crc = crc32_z(crc, (const unsigned char *)m->running, sizeof *m->running * (size_t)m->graph->states);
    size_t norm = sizeof(float) * (size_t)m->front.coefficients;
    crc = crc32_z(crc, (const unsigned char *)m->norm_mean, norm);
    return crc32_z(crc, (const unsigned char *)m->norm_inv, norm);
}

// --- as JSON --------------------------------------------------------------------------------------

static json_t *tensor_json(const stp_int8_net *net, int tensor) {
    const stp_int8_tensor *t = &net->tensor[tensor];
    const stp_int8_storage *s = &net->storage[t->storage];
    return json_pack("{s:[i, i, i], s:i, s:i, s:f, s:i}", "shape", s->h, s->w, t->c, "storage", t->storage,
                     "first_channel", t->c_first, "scale", (double)net->scale[s->scale].scale, "zero",
                     net->scale[s->scale].zero);
}

static json_t *op_json(const stp_int8_net *net, const stp_int8_op *op) {
    const stp_window *w = &op->window;
    json_t *object = json_pack("{s:s, s:s, s:o, s:o}", "name", op->name, "kind", stp_int8_kind_name(op->kind),
                               "in", tensor_json(net, op->in), "out", tensor_json(net, op->out));
    if (object && op->second >= 0)
        json_object_set_new(object, "second", tensor_json(net, op->second));
    if (object && op->kind != STAPES_ADD && op->kind != STAPES_FULLY_CONNECTED)
        json_object_set_new(object, "window",
                            json_pack("{s:[i, i], s:[i, i], s:i, s:[i, i]}", "kernel", w->k_h, w->k_w,
                                      "stride", w->stride_h, w->stride_w, "dilation", w->dilation,
                                      "padding_before", w->pad_top, w->pad_left));
    if (object) {
        json_object_set_new(object, "input_rectified", json_boolean(op->relu_in));
        json_object_set_new(object, "result_rectified", json_boolean(op->relu_out));
        json_object_set_new(object, "weights", json_integer(op->weights));
        json_object_set_new(object, "biases",
                            json_integer(stp_int8_is_weighted(op->kind) ? op->channels : 0));
    }
    return object;
}

static json_t *describe(const stp_int8_net *net, const stp_model *model, const json_t *made) {
    json_t *ops = json_array();
    for (int i = 0; i < net->ops; i++)
        json_array_append_new(ops, op_json(net, &net->op[i]));
    char sum[16];
    snprintf(sum, sizeof sum, "%08lx", sum_of_model(model));
    json_t *object =
        json_pack("{s:i, s:s, s:o, s:o, s:o}", "format", FORMAT, "of_weights", sum, "input",
                  tensor_json(net, net->input), "output", tensor_json(net, net->output), "operations", ops);
    if (object && made)
        json_object_set_new(object, "made", json_deep_copy(made));
    return object;
}

// --- as numbers -----------------------------------------------------------------------------------

static void list_sections(const stp_int8_net *net, stored_scale *scales, stp_section sections[SECTIONS]) {
    size_t channels = (size_t)net->channels;
    sections[0] = (stp_section){"scales", scales, sizeof *scales * (size_t)net->scales};
    sections[1] = (stp_section){"weights", net->weight_q, (size_t)net->weights};
    sections[2] = (stp_section){"weight_scales", net->weight_scale, sizeof *net->weight_scale * channels};
    sections[3] = (stp_section){"biases", net->bias_q, sizeof *net->bias_q * channels};
}

static stp_status write_numbers(const stp_int8_net *net, const char *digest, stp_run *run, stp_err *err) {
    stored_scale *scales = stp_alloc(sizeof *scales * (size_t)net->scales);
    if (!scales)
        return stp_err_memory(err, "int8.bin", sizeof *scales * (unsigned long long)net->scales);
    for (int i = 0; i < net->scales; i++)
        scales[i] = (stored_scale){net->scale[i].scale, net->scale[i].zero};
    stp_section sections[SECTIONS];
    list_sections(net, scales, sections);
    stp_status status = stp_checkpoint_write(run, bin_name, digest, sections, SECTIONS, err);
    stp_free(scales);
    return status;
}

stp_status stp_int8_save(const stp_int8_net *net, const stp_model *model, const json_t *made, stp_run *run,
                         stp_err *err) {
    json_t *object = describe(net, model, made);
    if (!object || stp_json_memory_lost()) {
        json_decref(object);
        return stp_err_memory(err, json_name, 4096);
    }
    char digest[41];
    stp_json_digest(object, digest);
    stp_status status = write_numbers(net, digest, run, err);
    if (status == STP_OK)
        status = stp_run_write_json(run, json_name, object, err);
    json_decref(object);
    return status;
}

// --- and back -------------------------------------------------------------------------------------

// A remedy that fits, in place of what the reader of checkpoints and JSON says.
static stp_status again(stp_run *run, stp_status status, stp_err *err) {
    if (status == STP_OK || status == STP_ERR_MEMORY || !err)
        return status;
    char what[sizeof err->text];
    snprintf(what, sizeof what, "%.*s", (int)strcspn(err->text, ";"), err->text);
    return stp_err_set(err, status, "%.700s; make it again: stapes quantize %s", what, stp_run_word(run));
}

static stp_status refuse(stp_run *run, const char *what, stp_err *err) {
    return stp_err_set(err, STP_ERR_FORMAT, "%s/%s: %s", stp_run_path(run), bin_name, what);
}

static stp_status take_scales(stp_int8_net *net, const stored_scale *scales, stp_run *run, stp_err *err) {
    for (int i = 0; i < net->scales; i++) {
        float scale = scales[i].scale;
        if (!isfinite(scale) || scale <= 0 || scales[i].zero < -128 || scales[i].zero > 127)
            return refuse(run, "a scale or zero point is out of range", err);
        stp_int8_set_scale(&net->scale[i], scale, scales[i].zero);
    }
    return STP_OK;
}

static stp_status read_numbers(stp_int8_net *net, const char *digest, stp_run *run, stp_err *err) {
    stored_scale *scales = stp_alloc(sizeof *scales * (size_t)net->scales);
    if (!scales)
        return stp_err_memory(err, "int8.bin", sizeof *scales * (unsigned long long)net->scales);
    stp_section sections[SECTIONS];
    list_sections(net, scales, sections);
    // int8 numbers mean the same on every instruction set.
    stp_status status = stp_checkpoint_read(run, bin_name, digest, 1, sections, SECTIONS, err);
    if (status == STP_OK)
        status = take_scales(net, scales, run, err);
    stp_free(scales);
    STP_TRY(status);
    return stp_int8_set_multipliers(net) ? STP_OK : refuse(run, "weights or biases are out of range", err);
}

static stp_status check_json(const json_t *object, const stp_model *model, stp_run *run, stp_err *err) {
    int format;
    const char *sum;
    char wanted[16];
    if (json_unpack((json_t *)object, "{s:i, s:s}", "format", &format, "of_weights", &sum) != 0)
        return stp_json_memory_lost()
                   ? stp_err_memory(err, json_name, 0)
                   : stp_err_set(err, STP_ERR_FORMAT,
                                 "%s/%s: format or of_weights is missing or of another type",
                                 stp_run_path(run), json_name);
    if (format != FORMAT)
        return stp_err_set(err, STP_ERR_FORMAT, "%s/%s: format version %d, and this program reads %d",
                           stp_run_path(run), json_name, format, FORMAT);
    snprintf(wanted, sizeof wanted, "%08lx", sum_of_model(model));
    if (strcmp(sum, wanted) != 0)
        return stp_err_set(err, STP_ERR_MISMATCH, "%s/%s: it is of other weights than those in weights.bin",
                           stp_run_path(run), json_name);
    return STP_OK;
}

static stp_status load(stp_int8_net *net, const stp_model *model, stp_run *run, stp_err *err) {
    json_t *object;
    STP_TRY(stp_run_read_json(run, json_name, &object, err));
    char digest[41];
    stp_json_digest(object, digest);
    stp_status status = check_json(object, model, run, err);
    json_decref(object);
    STP_TRY(status);
    return read_numbers(net, digest, run, err);
}

int stp_int8_exists(stp_run *run) {
    return stp_run_has(run, json_name);
}

stp_status stp_int8_load(stp_int8_net **out, const stp_model *model, stp_run *run, stp_err *err) {
    stp_int8_net *net;
    if (!stp_int8_exists(run))
        return stp_run_lacks(run, "has no int8 form yet; make it", "quantize", "", err);
    STP_TRY(stp_int8_lower(&net, model->graph, model->weights, model->running, err));
    stp_status status = again(run, load(net, model, run, err), err);
    if (status != STP_OK) {
        stp_int8_net_destroy(net);
        return status;
    }
    *out = net;
    return STP_OK;
}
