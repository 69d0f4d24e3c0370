// stapes train RUN --out DIR: the system a search found, from scratch; or a known network, as a yardstick.
#include "base/path.h"
#include "cli.h"
#include "commands.h"
#include "report/table.h"
#include "run/run_settings.h"
#include "session.h"
#include "train/train.h"

#include <stdio.h>
#include <string.h>

enum { RUNNERS_UP = 5 };

// What is to be trained.
typedef struct plan {
    stp_model_net net;
    stp_genotype genotype;
    int search_cells, search_channels;
    char front[STP_TEXT_BYTES];
} plan;

static stp_status plan_known(stp_cli_session *s, plan *p, stp_err *err) {
    static const char *const of_cells[] = {"cells", "channels", "max-params", "drop-path"};
    STP_TRY(stp_model_net_parse(&p->net, s->settings.net, err));
    for (int i = 0; i < 4; i++)
        if (stp_settings_given(&s->settings, STP_CMD_TRAIN, of_cells[i]))
            return stp_err_set(err, STP_ERR_USAGE, "--%s goes with a found network; %s has one size",
                               of_cells[i], s->settings.net);
    if (s->word && s->settings.data[0])
        return stp_err_set(err, STP_ERR_USAGE, "the recordings are named twice: %s and --data %s", s->word,
                           s->settings.data);
    if (strchr(s->settings.front, ','))
        return stp_err_set(err, STP_ERR_USAGE, "--front %s: give one front-end", s->settings.front);
    if (s->word)
        STP_TRY(stp_settings_set_data(&s->settings, s->word, "the folder of recordings", err));
    snprintf(p->front, sizeof p->front, "%s", s->settings.front);
    return STP_OK;
}

static stp_status read_search(stp_cli_session *s, stp_run *search, plan *p, stp_err *err) {
    json_t *options, *genotype;
    STP_TRY(stp_run_read_options(search, STP_CMD_SEARCH, &options, err));
    stp_status status = stp_settings_inherit(&s->settings, options, stp_run_path(search), err);
    p->search_cells = (int)json_integer_value(json_object_get(options, "cells"));
    p->search_channels = (int)json_integer_value(json_object_get(options, "channels"));
    json_decref(options);
    STP_TRY(status);
    if (!stp_run_has(search, "genotype.json"))
        return stp_run_lacks(search, "has not finished its search; go on with", "search --resume", "", err);
    STP_TRY(stp_run_read_json(search, "genotype.json", &genotype, err));
    char where[STP_TEXT_BYTES];
    snprintf(where, sizeof where, "%s/genotype.json", stp_run_path(search));
    status = stp_genotype_from_json(&p->genotype, genotype, where, err);
    json_decref(genotype);
    return status;
}

static stp_status plan_found(stp_cli_session *s, plan *p, stp_err *err) {
    stp_run *search = NULL;
    if (!s->word)
        return stp_err_set(err, STP_ERR_USAGE, "name the run of a search, as in: stapes train RUN --out DIR");
    static const char *const fixed[] = {"front", "features"};
    for (int i = 0; i < 2; i++)
        if (stp_settings_given(&s->settings, STP_CMD_TRAIN, fixed[i]))
            return stp_err_set(err, STP_ERR_USAGE,
                               "--%s goes with --net only: what a search found has its own front-end",
                               fixed[i]);
    p->net = STP_NET_FOUND;
    STP_TRY(stp_run_open(&search, s->word, err));
    stp_status status = read_search(s, search, p, err);
    stp_run_close(search);
    snprintf(p->front, sizeof p->front, "%s", p->genotype.front);
    snprintf(s->settings.features, sizeof s->settings.features, "%s", p->genotype.features);
    // From here on the run describes itself: its front-end stands in its settings.
    snprintf(s->settings.front, sizeof s->settings.front, "%s", p->genotype.front);
    return status;
}

static void print_sizes(const stp_size *sizes, int count) {
    stp_table table = {0};
    stp_table_column(&table, "cells", STP_TABLE_RIGHT);
    stp_table_column(&table, "channels", STP_TABLE_RIGHT);
    stp_table_column(&table, "parameters", STP_TABLE_RIGHT);
    stp_table_column(&table, "MMAC", STP_TABLE_RIGHT);
    stp_table_column(&table, "", STP_TABLE_LEFT);
    for (int i = 0; i < count; i++) {
        stp_table_cell(&table, "%d", sizes[i].cells);
        stp_table_cell(&table, "%d", sizes[i].channels);
        stp_table_cell(&table, "%lld", sizes[i].params);
        stp_table_cell(&table, "%.2f", (double)sizes[i].macs / 1e6);
        stp_table_cell(&table, "%s", i == 0 ? "taken" : "");
    }
    stp_cli_print_table(&table);
    printf("\n");
}

// The table's ends bind as --max-params does: then it is said.
static void note_limits(stp_cli_session *s, const plan *p, const stp_size *size) {
    char line[160];
    int most_cells = stp_train_cells_tried(p->search_cells);
    if (s->settings.train_cells == 0 && size->cells == most_cells) {
        snprintf(line, sizeof line,
                 "--max-params: no more than %d cells were tried, twice the search's; --cells takes more",
                 most_cells);
        s->observer.note(s->observer.context, line);
    }
    if (s->settings.train_channels == 0 && size->channels == STP_SIZE_CHANNELS_MOST) {
        snprintf(line, sizeof line,
                 "--max-params: no more than %d channels were tried, the most there can be",
                 STP_SIZE_CHANNELS_MOST);
        s->observer.note(s->observer.context, line);
    }
}

static stp_status choose_size(stp_cli_session *s, const plan *p, stp_size *size, stp_err *err) {
    const stp_settings *o = &s->settings;
    *size = (stp_size){.cells = o->train_cells > 0 ? (int)o->train_cells : p->search_cells,
                       .channels = o->train_channels > 0 ? (int)o->train_channels : p->search_channels};
    if (o->max_params == 0)
        return STP_OK;
    stp_size sizes[RUNNERS_UP];
    int count;
    STP_TRY(stp_train_sizes(&p->genotype, s->corpus.shape[0], s->corpus.dataset->classes, o->max_params,
                            (int)o->train_cells, (int)o->train_channels, p->search_cells, sizes, RUNNERS_UP,
                            &count, err));
    if (!o->json && !o->quiet)
        print_sizes(sizes, count);
    *size = sizes[0];
    note_limits(s, p, size);
    return STP_OK;
}

// A new run keeps the genotype it trains, so that the folder stands alone.
static stp_status keep_genotype(stp_cli_session *s, const plan *p, const stp_size *size, stp_err *err) {
    json_t *object = stp_genotype_to_json(&p->genotype);
    if (!object)
        return stp_err_memory(err, "genotype.json", 1024);
    json_t *whole =
        json_pack("{s:o, s:i, s:i}", "genotype", object, "cells", size->cells, "channels", size->channels);
    stp_status status = stp_run_write_json(s->run, "network.json", whole, err);
    json_decref(whole);
    return status;
}

static stp_status recall_network(stp_cli_session *s, plan *p, stp_size *size, stp_err *err) {
    json_t *whole;
    if (s->settings.net[0])
        return plan_known(s, p, err);
    STP_TRY(stp_run_read_json(s->run, "network.json", &whole, err));
    char brief[STP_PATH_BRIEF_BYTES], where[STP_TEXT_BYTES];
    snprintf(where, sizeof where, "%s/network.json: genotype", stp_path_brief(brief, stp_run_path(s->run)));
    stp_status status = stp_genotype_from_json(&p->genotype, json_object_get(whole, "genotype"), where, err);
    const json_t *cells = json_object_get(whole, "cells"), *channels = json_object_get(whole, "channels");
    if (status == STP_OK && (!json_is_integer(cells) || !json_is_integer(channels)))
        status = stp_err_set(err, STP_ERR_FORMAT,
                             "%s/network.json: cells or channels is missing or no whole number; restore the "
                             "file or start a new run",
                             stp_run_path(s->run));
    size->cells = (int)json_integer_value(cells);
    size->channels = (int)json_integer_value(channels);
    json_decref(whole);
    snprintf(p->front, sizeof p->front, "%s", p->genotype.front);
    return status;
}

static stp_status check_size(const stp_size *size, stp_err *err) {
    if (size->cells >= STP_SIZE_CELLS_LOW && size->cells <= STP_SIZE_CELLS_MOST && size->channels >= 1 &&
        size->channels <= STP_SIZE_CHANNELS_MOST)
        return STP_OK;
    return stp_err_set(
        err, STP_ERR_USAGE, "%d cells of %d channels: give --cells from %d to %d, --channels from 1 to %d",
        size->cells, size->channels, STP_SIZE_CELLS_LOW, STP_SIZE_CELLS_MOST, STP_SIZE_CHANNELS_MOST);
}

static stp_status create_model(stp_cli_session *s, const plan *p, const stp_size *size, stp_model **model,
                               stp_err *err) {
    if (p->net == STP_NET_FOUND)
        STP_TRY(check_size(size, err));
    stp_model_options options = {.net = p->net,
                                 .genotype = p->net == STP_NET_FOUND ? &p->genotype : NULL,
                                 .cells = size->cells,
                                 .channels = size->channels,
                                 .drop_path = s->settings.drop_path > 0,
                                 .labels = s->corpus.dataset->labels,
                                 .classes = s->corpus.dataset->classes,
                                 .clip_samples = s->corpus.dataset->clip_samples,
                                 .front = stp_front_bank_spec(s->corpus.bank, 0)};
    return stp_model_create(model, &options, err);
}

static stp_status run(stp_cli_session *s, int argc, char **argv, stp_model **model, stp_train_result *result,
                      stp_err *err) {
    plan p = {.net = STP_NET_FOUND};
    stp_size size = {0};
    STP_TRY(stp_cli_session_begin(s, STP_CMD_TRAIN, argc, argv, err));
    if (s->resume)
        STP_TRY(recall_network(s, &p, &size, err));
    else
        STP_TRY(s->settings.net[0] ? plan_known(s, &p, err) : plan_found(s, &p, err));
    STP_TRY(stp_cli_session_open(s, STP_CMD_TRAIN, p.front, s->settings.net[0] ? "--front" : "genotype.json",
                                 err));
    if (!s->resume && p.net == STP_NET_FOUND) {
        STP_TRY(choose_size(s, &p, &size, err));
        STP_TRY(keep_genotype(s, &p, &size, err));
    }
    STP_TRY(create_model(s, &p, &size, model, err));
    return stp_train(*model, &s->corpus, &s->settings, s->run, s->resume, &s->observer, result, err);
}

static int print(const stp_cli_session *s, const stp_model *model, const stp_train_result *r) {
    char front[STP_FRONT_TEXT_BYTES], time[32];
    stp_front_spec_format(&model->front, front);
    long long params = stp_graph_deployed_weights(model->graph), macs = stp_graph_macs(model->graph);
    if (s->settings.json)
        return stp_cli_print_json(
            "train",
            json_pack("{s:s, s:s, s:s, s:I, s:I, s:i, s:i, s:f, s:f}", "run", stp_run_path(s->run), "net",
                      stp_model_net_name(model->net), "front", front, "parameters", (json_int_t)params,
                      "macs", (json_int_t)macs, "cells", model->cells, "channels", model->channels,
                      "validation_accuracy", r->validation_accuracy, "seconds", r->seconds));
    stp_meter_duration(r->seconds, time);
    printf("front-end   %s\n", front);
    if (model->net == STP_NET_FOUND)
        printf("network     %d cells, %d channels\n", model->cells, model->channels);
    else
        printf("network     %s\n", stp_model_net_name(model->net));
    printf("parameters  %lld\n", params);
    printf("MACs        %.2f M a clip\n", (double)macs / 1e6);
    printf("validation  %.1f %%\n", r->validation_accuracy);
    printf("took        %s\n\nnext: stapes eval %s\n", time, stp_run_word(s->run));
    return 0;
}

int stp_cmd_train(int argc, char **argv) {
    stp_cli_session session;
    stp_model *model = NULL;
    stp_train_result result;
    stp_err err;
    stp_status status = run(&session, argc, argv, &model, &result, &err);
    stp_meter_finish(&session.meter);
    int exit_status = status == STP_OK ? print(&session, model, &result) : stp_cli_fail("train", &err);
    stp_model_destroy(model);
    stp_cli_session_end(&session);
    return exit_status;
}
