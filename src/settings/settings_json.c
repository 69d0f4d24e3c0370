// Settings as JSON: the copy saved beside every result, and back.
#include "settings/option_table.h"

#include <string.h>

static json_t *value_to_json(const stp_settings *settings, const stp_option *option) {
    switch (option->type) {
    case STP_OPTION_INT:
        return json_integer(stp_option_int(settings, option));
    case STP_OPTION_REAL:
        return json_real(stp_option_real(settings, option));
    case STP_OPTION_FLAG:
        return json_boolean(stp_option_flag(settings, option));
    default:
        return json_string(stp_option_text(settings, option));
    }
}

static json_t *to_json(const stp_settings *settings, stp_command command, int only_identity) {
    json_t *object = json_object();
    for (int i = 0; object && i < STP_OPTIONS; i++) {
        const stp_option *option = stp_option_at(i);
        if (!stp_option_serves(option, command) || (only_identity && !stp_option_changes_bits(option)))
            continue;
        if (json_object_set_new(object, option->flag, value_to_json(settings, option)) != 0) {
            json_decref(object);
            object = NULL;
        }
    }
    return object;
}

json_t *stp_settings_to_json(const stp_settings *settings, stp_command command) {
    return to_json(settings, command, 0);
}

json_t *stp_settings_identity(const stp_settings *settings, stp_command command) {
    return to_json(settings, command, 1);
}

static stp_status refuse_type(const char *origin, const char *wanted, stp_err *err) {
    return stp_err_set(err, STP_ERR_FORMAT, "%s: must be %s", origin, wanted);
}

static stp_status value_from_json(stp_settings *settings, const stp_option *option, const json_t *value,
                                  const char *origin, stp_err *err) {
    switch (option->type) {
    case STP_OPTION_INT:
        return json_is_integer(value)
                   ? stp_option_set_int(settings, option, json_integer_value(value), origin, err)
                   : refuse_type(origin, "a whole number", err);
    case STP_OPTION_REAL:
        return json_is_number(value)
                   ? stp_option_set_real(settings, option, json_number_value(value), origin, err)
                   : refuse_type(origin, "a number", err);
    case STP_OPTION_FLAG:
        return json_is_boolean(value) ? stp_option_set_flag(settings, option, json_is_true(value))
                                      : refuse_type(origin, "true or false", err);
    default:
        // A NUL inside would cut the text short.
        return json_is_string(value) && strlen(json_string_value(value)) == json_string_length(value)
                   ? stp_option_set_text(settings, option, json_string_value(value), origin, err)
                   : refuse_type(origin, "a text", err);
    }
}

// Not said by the user, but by a file of ours: never a usage error.
static stp_status take_value(stp_settings *settings, const stp_option *option, const json_t *value,
                             const char *where, stp_err *err) {
    char origin[STP_TEXT_BYTES + 64];
    snprintf(origin, sizeof origin, "%s: %s", where, option->flag);
    stp_err problem = {0};
    return value_from_json(settings, option, value, origin, &problem) == STP_OK
               ? STP_OK
               : stp_err_set(err, STP_ERR_FORMAT, "%s", problem.text);
}

// All or nothing. With only_identity every key is checked, but those that cannot change bits are not taken
// over.
static stp_status read_object(stp_settings *settings, stp_command command, const json_t *object,
                              int only_identity, const char *where, stp_err *err) {
    if (!json_is_object(object))
        return stp_err_set(err, STP_ERR_FORMAT, "%s: not a JSON object of settings", where);
    stp_settings taken = *settings, checked = *settings;
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)object, key, value) {
        const stp_option *option = stp_option_find(command, key);
        if (!option)
            return stp_err_set(err, STP_ERR_FORMAT,
                               "%s: '%s' is no option of stapes %s; was it written by another version?",
                               where, key, stp_command_name(command));
        stp_settings *to = only_identity && !stp_option_changes_bits(option) ? &checked : &taken;
        STP_TRY(take_value(to, option, value, where, err));
    }
    *settings = taken;
    return STP_OK;
}

stp_status stp_settings_from_json(stp_settings *settings, stp_command command, const json_t *object,
                                  const char *where, stp_err *err) {
    return read_object(settings, command, object, 0, where, err);
}

static int same_value(const stp_settings *a, const stp_settings *b, const stp_option *option) {
    switch (option->type) {
    case STP_OPTION_INT:
        return stp_option_int(a, option) == stp_option_int(b, option);
    case STP_OPTION_REAL:
        return stp_option_real(a, option) == stp_option_real(b, option);
    case STP_OPTION_FLAG:
        return stp_option_flag(a, option) == stp_option_flag(b, option);
    default:
        return strcmp(stp_option_text(a, option), stp_option_text(b, option)) == 0;
    }
}

stp_status stp_settings_resume(stp_settings *settings, stp_command command, const json_t *saved,
                               const char *where, stp_err *err) {
    stp_settings merged = *settings;
    STP_TRY(read_object(&merged, command, saved, 1, where, err));
    for (int i = 0; i < STP_OPTIONS; i++) {
        const stp_option *option = stp_option_at(i);
        if (settings->given[i] && stp_option_serves(option, command) &&
            !same_value(settings, &merged, option))
            return stp_err_set(err, STP_ERR_USAGE,
                               "--%s is another one in %s; leave it away to resume, or start a new run",
                               option->flag, where);
    }
    *settings = merged;
    return STP_OK;
}

stp_status stp_settings_inherit(stp_settings *settings, const json_t *saved, const char *where,
                                stp_err *err) {
    // What a network found by a search was found for: it is trained on the same words, heard the same way.
    static const char *const shared[] = {
        "data", "labels",  "unknown",     "unknown-ratio", "silence", "silence-ratio", "balance",
        "rate", "clip-ms", "max-clip-mb", "features",      "low-hz",  "high-hz",       "seed"};
    stp_settings taken = *settings;
    for (size_t i = 0; i < sizeof shared / sizeof shared[0]; i++) {
        const stp_option *option = stp_option_find(STP_CMD_TRAIN, shared[i]);
        const json_t *value = json_object_get(saved, shared[i]);
        if (option && value && !settings->given[stp_option_index(option)])
            STP_TRY(take_value(&taken, option, value, where, err));
    }
    *settings = taken;
    return STP_OK;
}

int stp_settings_given(const stp_settings *settings, stp_command command, const char *flag) {
    const stp_option *option = stp_option_find(command, flag);
    return option && settings->given[stp_option_index(option)];
}
