#include "export/explicit_net.h"

#include "base/arena.h"

#include <stdio.h>

typedef struct making {
    stp_explicit_net *to;
    int *place;     // [net->tensors] the value, -1: none yet
    int *rectified; // [net->tensors] the same behind a rectifier
    stp_err *err;
} making;

static stp_status out_of_memory(const making *m) {
    return stp_err_memory(m->err, "the network's operations", stp_arena_bytes(m->to->arena));
}

static stp_status refuse(const making *m, const char *name, const char *what) {
    return stp_err_set(m->err, STP_ERR_MISMATCH,
                       "%s: %s, which no file of another format can say; export firmware", name, what);
}

static int add_value(making *m, const char *name, int tensor) {
    m->to->value[m->to->values] = (stp_explicit_value){.name = name, .tensor = tensor};
    return m->to->values++;
}

static stp_explicit_op *add_op(making *m, stp_explicit_kind kind, int output) {
    m->to->op[m->to->ops] = (stp_explicit_op){.kind = kind, .output = output};
    return &m->to->op[m->to->ops++];
}

// --- what the device does without an operation ----------------------------------------------------------

// The tensor that begins where `c_first` is and was written; -1: none.
static int part_at(const making *m, int storage, int c_first) {
    for (int i = 0; i < m->to->net->tensors; i++) {
        const stp_int8_tensor *t = &m->to->net->tensor[i];
        if (t->storage == storage && t->c_first == c_first && m->place[i] >= 0)
            return i;
    }
    return -1;
}

// Written in parts, read as one.
static stp_status concatenate(making *m, const char *reader, int tensor) {
    const stp_int8_tensor *all = m->to->net->tensor, *whole = &all[tensor];
    int parts = 0, part[STP_EXPLICIT_MOST_INPUTS], end = whole->c_first + whole->c;
    for (int c = whole->c_first; c < end; c += all[part[parts++]].c) {
        int next = part_at(m, whole->storage, c);
        if (next < 0 || parts == STP_EXPLICIT_MOST_INPUTS || c + all[next].c > end)
            return refuse(m, reader, "it reads channels otherwise than they are written");
        part[parts] = next;
    }
    char name[32];
    snprintf(name, sizeof name, "concatenation_%d", whole->storage);
    char *kept = stp_arena_strdup(m->to->arena, name);
    if (!kept)
        return out_of_memory(m);
    m->place[tensor] = add_value(m, kept, tensor);
    stp_explicit_op *op = add_op(m, STP_EXPLICIT_CONCATENATION, m->place[tensor]);
    for (int i = 0; i < parts; i++)
        op->inputs[op->input_count++] = m->place[part[i]];
    return STP_OK;
}

static stp_status rectify(making *m, int tensor) {
    char name[STP_INT8_NAME_BYTES + 8];
    snprintf(name, sizeof name, "%s/relu", m->to->value[m->place[tensor]].name);
    char *kept = stp_arena_strdup(m->to->arena, name);
    if (!kept)
        return out_of_memory(m);
    m->rectified[tensor] = add_value(m, kept, tensor);
    stp_explicit_op *op = add_op(m, STP_EXPLICIT_RELU, m->rectified[tensor]);
    op->inputs[op->input_count++] = m->place[tensor];
    return STP_OK;
}

// The value from which an operation reads.
static stp_status read_tensor(making *m, const stp_int8_op *op, int tensor, int *value) {
    if (m->place[tensor] < 0)
        STP_TRY(concatenate(m, op->name, tensor));
    if (op->relu_in && m->rectified[tensor] < 0)
        STP_TRY(rectify(m, tensor));
    *value = op->relu_in ? m->rectified[tensor] : m->place[tensor];
    return STP_OK;
}

// --- operations -----------------------------------------------------------------------------------------

static stp_window without_skips(stp_window from) {
    stp_window to = from;
    if (from.pad_top < 0) {
        to.k_h -= from.pad_top;
        to.pad_top = 0;
    }
    if (from.pad_left < 0) {
        to.k_w -= from.pad_left;
        to.pad_left = 0;
    }
    return to;
}

static stp_status make_op(making *m, const stp_int8_op *op) {
    int in, second = -1;
    STP_TRY(read_tensor(m, op, op->in, &in));
    if (op->second >= 0)
        STP_TRY(read_tensor(m, op, op->second, &second));
    m->place[op->out] = add_value(m, op->name, op->out);
    stp_explicit_op *to = add_op(m, STP_EXPLICIT_OP, m->place[op->out]);
    to->op = op;
    to->inputs[to->input_count++] = in;
    if (op->second >= 0)
        to->inputs[to->input_count++] = second;
    to->window = without_skips(op->window);
    int skips = to->window.k_h != op->window.k_h || to->window.k_w != op->window.k_w;
    if (skips && (op->kind != STAPES_CONV || op->window.dilation != 1))
        return refuse(m, op->name, "its padding is negative");
    return STP_OK;
}

static stp_status make(making *m) {
    const stp_int8_net *net = m->to->net;
    const stp_int8_op reader = {.name = "the output"};
    m->to->input = m->place[net->input] = add_value(m, "features", net->input);
    for (int i = 0; i < net->ops; i++)
        STP_TRY(make_op(m, &net->op[i]));
    return read_tensor(m, &reader, net->output, &m->to->output);
}

static int take_memory(making *m) {
    int maps = m->to->net->tensors, ops = m->to->net->ops;
    m->to->value = STP_ARENA_ARRAY(m->to->arena, stp_explicit_value, 2 * maps + ops + 1);
    m->to->op = STP_ARENA_ARRAY(m->to->arena, stp_explicit_op, 2 * maps + ops);
    m->place = STP_ARENA_ARRAY(m->to->arena, int, maps);
    m->rectified = STP_ARENA_ARRAY(m->to->arena, int, maps);
    for (int i = 0; m->place && m->rectified && i < maps; i++)
        m->place[i] = m->rectified[i] = -1;
    return m->to->value && m->to->op && m->place && m->rectified;
}

stp_status stp_explicit_net_create(stp_explicit_net **out, const stp_int8_net *net, stp_err *err) {
    stp_arena *arena = stp_arena_create();
    stp_explicit_net *to = arena ? stp_arena_alloc(arena, sizeof *to) : NULL;
    if (!to) {
        stp_arena_destroy(arena);
        return stp_err_memory(err, "the network's operations", sizeof *to);
    }
    *to = (stp_explicit_net){.arena = arena, .net = net};
    making m = {.to = to, .err = err};
    stp_status status = take_memory(&m) ? make(&m) : out_of_memory(&m);
    if (status != STP_OK) {
        stp_arena_destroy(arena);
        return status;
    }
    *out = to;
    return STP_OK;
}

void stp_explicit_net_destroy(stp_explicit_net *explicit_net) {
    if (explicit_net)
        stp_arena_destroy(explicit_net->arena);
}
