// stapes search DIR --out RUN: front-end and network together, by gradient descent.
#include "cli.h"
#include "commands.h"
#include "report/table.h"
#include "search/search.h"
#include "session.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

// Largest change of a softmax weight since the start: how far a set of parameters has moved.
static double moved(const stp_arch *end, const stp_arch *start, int fronts, int first, int count) {
    stp_arch a, b;
    double most = 0;
    stp_arch_softmax(end, fronts, &a);
    stp_arch_softmax(start, fronts, &b);
    for (int i = first; i < first + count; i++)
        most = fmax(most, fabs(a.all[i] - b.all[i]));
    return most;
}

static void print_front(const stp_search_result *r) {
    printf("front-end   %s %s", r->genotype.features, r->genotype.front);
    if (r->fronts == 1)
        printf("   (given)\n");
    else if (r->settled_epoch >= 0)
        printf("   (settled in epoch %d: gamma %.3f against %.3f)\n", r->settled_epoch + 1, r->front_weight,
               r->second_weight);
    else
        printf("   (not settled: the largest gamma, %.3f against %.3f, was taken)\n", r->front_weight,
               r->second_weight);
}

static void print_cells(const stp_genotype *genotype) {
    static const char *const names[] = {"normal", "reduction"};
    for (int kind = 0; kind < STP_CELL_KINDS; kind++)
        for (int k = 0; k < STP_CELL_KEPT_EDGES; k += 2) {
            const stp_genotype_edge *e = &genotype->edge[kind][k];
            printf("%-9s   node %d = %s(%d) + %s(%d)\n", k == 0 ? names[kind] : "", k / 2 + STP_CELL_INPUTS,
                   stp_cell_op_name(e[0].op), e[0].from, stp_cell_op_name(e[1].op), e[1].from);
        }
}

static void print_result(const stp_search_result *r, const stp_settings *settings) {
    print_front(r);
    print_cells(&r->genotype);
    if (r->capped_skips > 0)
        printf("skips       %d skip connection%s replaced by the next operation (--max-skips %lld)\n",
               r->capped_skips, r->capped_skips > 1 ? "s were" : " was", settings->max_skips);
    printf("moved       alpha %.3f, beta %.3f", moved(&r->arch, &r->start, 0, 0, STP_ARCH_ALPHAS),
           moved(&r->arch, &r->start, 0, STP_ARCH_ALPHAS, STP_ARCH_BETAS));
    if (r->fronts > 1)
        printf(", gamma %.3f",
               moved(&r->arch, &r->start, r->fronts, STP_ARCH_ALPHAS + STP_ARCH_BETAS, r->fronts));
    printf("   (largest change of a weight)\n");
    printf("undecided   alpha %.2f normal, %.2f reduction; beta %.2f normal, %.2f reduction   (entropy: 1 "
           "open, 0 sure)\n",
           stp_arch_alpha_entropy(&r->arch, STP_CELL_NORMAL),
           stp_arch_alpha_entropy(&r->arch, STP_CELL_REDUCTION),
           stp_arch_beta_entropy(&r->arch, STP_CELL_NORMAL),
           stp_arch_beta_entropy(&r->arch, STP_CELL_REDUCTION));
    printf("supernet    %.1f %% of the validation clips\n", r->validation_accuracy);
}

static int print(const stp_cli_session *s, const stp_search_result *r) {
    const char *path = stp_run_path(s->run);
    if (s->settings.json)
        return stp_cli_print_json("search", json_pack("{s:s, s:s, s:b, s:f, s:f, s:i, s:f, s:f, s:o*}", "run",
                                                      path, "front", r->genotype.front, "settled",
                                                      r->settled_epoch >= 0 || r->fronts == 1, "front_weight",
                                                      r->front_weight, "second_weight", r->second_weight,
                                                      "capped_skips", r->capped_skips, "validation_accuracy",
                                                      r->validation_accuracy, "seconds", r->seconds,
                                                      "genotype", stp_genotype_to_json(&r->genotype)));
    char time[32];
    stp_meter_duration(r->seconds, time);
    print_result(r, &s->settings);
    printf("took        %s\n\nnext: stapes train %s --out DIR\n", time, stp_run_word(s->run));
    return 0;
}

static stp_status run(stp_cli_session *s, int argc, char **argv, stp_search_result *result, stp_err *err) {
    STP_TRY(stp_cli_session_begin(s, STP_CMD_SEARCH, argc, argv, err));
    if (s->word && s->settings.data[0])
        return stp_err_set(err, STP_ERR_USAGE, "the recordings are named twice: %s and --data %s", s->word,
                           s->settings.data);
    if (s->word)
        STP_TRY(stp_settings_set_data(&s->settings, s->word, "the folder of recordings", err));
    if (strchr(s->settings.fixed, ','))
        return stp_err_set(err, STP_ERR_USAGE, "--fixed %s: give one front-end; a list is for --fronts",
                           s->settings.fixed);
    if (s->settings.warmup_epochs >= s->settings.search_epochs)
        return stp_err_set(
            err, STP_ERR_USAGE,
            "--warmup %lld leaves none of %lld epochs to alpha, beta and gamma; give fewer, or "
            "more --epochs",
            s->settings.warmup_epochs, s->settings.search_epochs);
    int fixed = s->settings.fixed[0] != 0;
    STP_TRY(stp_cli_session_open(s, STP_CMD_SEARCH, fixed ? s->settings.fixed : s->settings.fronts,
                                 fixed ? "--fixed" : "--fronts", err));
    return stp_search(&s->corpus, &s->settings, s->run, s->resume, &s->observer, result, err);
}

int stp_cmd_search(int argc, char **argv) {
    stp_cli_session session;
    stp_search_result result;
    stp_err err;
    stp_status status = run(&session, argc, argv, &result, &err);
    stp_meter_finish(&session.meter);
    int exit_status = status == STP_OK ? print(&session, &result) : stp_cli_fail("search", &err);
    stp_cli_session_end(&session);
    return exit_status;
}
