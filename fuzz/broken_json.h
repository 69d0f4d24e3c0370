// JSON documents broken on purpose: values replaced, keys taken away or added, anywhere in the tree. (Broken
// text never gets past jansson.)
#ifndef STP_FUZZ_BROKEN_JSON_H
#define STP_FUZZ_BROKEN_JSON_H

#include "broken_file.h"

#include <jansson.h>

static inline json_t *fuzz_value(fuzz_input *in) {
    static const char *const texts[] = {"",       "x",  "ds-cnn", "640/320/40:10", "none", "max_pool_3x3",
                                        "logmel", "-1", "1e999"};
    static const double reals[] = {0.5, -1, 1e308, -1e-308, 65536, 16000};
    uint32_t kind = fuzz_take(in, 1) % 10, which = fuzz_take(in, 1);
    switch (kind) {
    case 0:
        return json_null();
    case 1:
        return json_boolean(which & 1);
    case 2:
        return json_string(texts[which % (sizeof texts / sizeof *texts)]);
    case 3:
        return json_real(reals[which % (sizeof reals / sizeof *reals)]);
    case 4:
        return json_integer((json_int_t)(1ull << which % 64));
    case 5:
        return json_integer(-(json_int_t)which);
    case 6:
        return which & 1 ? json_array() : json_object();
    default:
        return json_integer((json_int_t)which);
    }
}

static inline json_t *fuzz_node(json_t *node, uint32_t *skip);

// The skip-th object or array below this one, itself first; NULL: there are fewer.
static inline json_t *fuzz_node_below(json_t *child, uint32_t *skip) {
    return json_is_object(child) || json_is_array(child) ? fuzz_node(child, skip) : NULL;
}

static inline json_t *fuzz_node(json_t *node, uint32_t *skip) {
    if ((*skip)-- == 0)
        return node;
    json_t *child, *found = NULL;
    const char *key;
    size_t i;
    if (json_is_array(node)) {
        json_array_foreach(node, i, child) if (!found) found = fuzz_node_below(child, skip);
    } else {
        json_object_foreach(node, key, child) if (!found) found = fuzz_node_below(child, skip);
    }
    return found;
}

static inline void fuzz_json_change_object(json_t *object, uint32_t what, uint32_t where, json_t *value) {
    size_t count = json_object_size(object), i = 0;
    if (count == 0 || what == 0) {
        json_object_set(object, "surplus", value);
        return;
    }
    void *at = json_object_iter(object);
    for (; i < where % count; i++)
        at = json_object_iter_next(object, at);
    char key[64];
    snprintf(key, sizeof key, "%s", json_object_iter_key(at));
    if (what == 1)
        json_object_del(object, key);
    else
        json_object_set(object, key, value);
}

static inline void fuzz_json_change_array(json_t *array, uint32_t what, uint32_t where, json_t *value) {
    size_t count = json_array_size(array);
    if (count == 0 || what == 0)
        json_array_append(array, value);
    else if (what == 1)
        json_array_remove(array, where % count);
    else
        json_array_set(array, where % count, value);
}

// One change: in which object or array, where in it, what, and the new value.
static inline void fuzz_json_change(json_t *root, fuzz_input *in) {
    uint32_t which = fuzz_take(in, 1), where = fuzz_take(in, 1), what = fuzz_take(in, 1) % 6,
             skip = which % 64;
    json_t *node = fuzz_node(root, &skip), *value = fuzz_value(in);
    node = node ? node : root;
    if (json_is_object(node))
        fuzz_json_change_object(node, what, where, value);
    else
        fuzz_json_change_array(node, what, where, value);
    json_decref(value);
}

// A new document.
static inline json_t *fuzz_json_break(const json_t *good, fuzz_input *in, int changes) {
    json_t *broken = json_deep_copy(good);
    for (int i = 0; i < changes && in->size > 0; i++)
        fuzz_json_change(broken, in);
    return broken;
}

#endif
