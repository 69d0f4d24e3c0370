// Mixes on a lane block, and what they owe in backward to their terms, to batch norms and to coefficients.
#include "graph/ops.h"

#include "base/rng.h"

#include <string.h>

int stp_mix_source(const stp_graph *g, const stp_op *op, int index) {
    return index < op->terms ? g->term[op->term_first + index].tensor : -1;
}

static double coef_of(const stp_exec *x, const stp_mix_term *term) {
    return term->coef < 0 ? 1.0 : x->state->coefs[term->coef];
}

static const stp_mix_term *term_of(const stp_exec *x, stp_mix_reader reader) {
    return &x->g->term[x->g->op[reader.mix].term_first + reader.term];
}

// Where a batch norm has channel c of a term.
static size_t norm_at(const stp_exec *x, stp_term_norm norm, int group, int c) {
    return norm.bn < 0 ? 0 : (size_t)(group * x->g->bn[norm.bn].channels + norm.first + c * norm.step);
}

// Folds the batch norm of each term that is under way into its coefficient, for every group.
void stp_mix_op_before_forward(stp_exec *x, const stp_op *op) {
    stp_mix_run *run = &x->mix[op - x->g->op];
    const stp_mix_term *term = &x->g->term[op->term_first];
    int channels = x->g->tensor[op->out].c;
    for (int group = 0; group < x->used_groups; group++) {
        stp_real *constant = run->constant + (size_t)group * channels;
        memset(constant, 0, sizeof *constant * (size_t)channels);
        for (int t = x->current->from; t < x->current->to; t++) {
            double coef = coef_of(x, &term[t]);
            stp_term_norm norm = stp_exec_term_norm(x, term[t].tensor);
            size_t row = ((size_t)group * op->terms + t) * channels;
            for (int c = 0; c < channels; c++) {
                size_t at = norm_at(x, norm, group, c);
                double scale = norm.bn < 0 ? 1 : (double)x->bn[norm.bn].scale[at];
                stp_real shift = norm.bn < 0 ? 0 : (stp_real)(coef * (double)x->bn[norm.bn].shift[at]);
                run->coef[row + c] = (stp_real)(coef * scale);
                constant[c] += shift;
                if (run->shift)
                    run->shift[row + c] = shift;
            }
        }
    }
    if (x->current->to < op->terms)
        return;
    for (int k = 0; k < run->keeps; k++)
        for (int c = 0; c < channels; c++)
            run->plain[k * channels + c] = (stp_real)coef_of(x, &term[run->kept[k]]);
    for (int k = 0; k < run->gathers; k++)
        for (int r = 0; r < run->gather[k].readers; r++)
            for (int c = 0; c < channels; c++)
                run->gather[k].coef[r * channels + c] =
                    (stp_real)coef_of(x, term_of(x, run->gather[k].reader[r]));
}

// Drop path (Larsson et al., FractalNet, 2017): a term is dropped for a whole sample, the others are scaled
// up.
static const stp_real *draw_factors(stp_exec *x, const stp_op *op, int block) {
    stp_mix_run *run = &x->mix[op - x->g->op];
    double rate = x->state->drop_rate;
    if (!run->factor || rate <= 0 || !x->state->batch_stats)
        return NULL;
    stp_real *factor = run->factor + (size_t)block * op->terms * x->lanes;
    for (int lane = 0; lane < x->lanes; lane++) {
        uint64_t sample = ((uint64_t)x->state->first_group * x->blocks_per_group + block) * x->lanes + lane;
        stp_rng rng = stp_rng_at(x->state->drop_seed, STP_RNG_DROP, x->state->drop_step,
                                 sample * x->g->ops + (uint64_t)(op - x->g->op));
        for (int t = 0; t < op->terms; t++) {
            int drops = x->g->term[op->term_first + t].drop && stp_rng_uniform(&rng) < rate;
            double kept = x->g->term[op->term_first + t].drop ? 1.0 / (1.0 - rate) : 1.0;
            factor[t * x->lanes + lane] = drops ? 0 : (stp_real)kept;
        }
    }
    return factor;
}

static void gather_values(const stp_exec *x, const stp_op *op, int block, stp_view *terms) {
    for (int t = 0; t < op->terms; t++)
        terms[t] = stp_exec_value(x, x->g->term[op->term_first + t].tensor, block);
}

void stp_mix_op_forward(stp_exec *x, const stp_op *op, int block) {
    stp_view terms[STP_MIX_MAX_TERMS];
    gather_values(x, op, block, terms);
    const stp_mix_run *run = &x->mix[op - x->g->op];
    int channels = x->g->tensor[op->out].c, group = stp_exec_group_of(x, block), from = x->current->from;
    size_t row = ((size_t)group * op->terms + from) * channels;
    const stp_real *factor = draw_factors(x, op, block); // then all terms are taken at once
    const stp_real *constant = factor ? run->shift + row : run->constant + (size_t)group * channels;
    x->k->mix_forward(x->current->to - from, terms + from, run->coef + row, constant, factor,
                      stp_exec_value(x, op->out, block), from > 0);
}

int stp_exec_sums_term(const stp_exec *x, const stp_op *mix, int term) {
    return x->state->d_coefs || stp_exec_term_norm(x, x->g->term[mix->term_first + term].tensor).bn >= 0;
}

static stp_view value_where_summed(const stp_exec *x, const stp_op *mix, int term, int block) {
    return stp_exec_sums_term(x, mix, term)
               ? stp_exec_value(x, x->g->term[mix->term_first + term].tensor, block)
               : stp_exec_no_view();
}

// What this mix and later ones owe to a term that they share. sums: [readers][channels][lanes].
static void gather(stp_exec *x, const stp_op *op, const stp_mix_gather *gather, int block, stp_real *sums) {
    int add, tensor = x->g->term[op->term_first + gather->term].tensor;
    stp_view g[STP_MIX_MAX_TERMS], d_term = stp_exec_grad_target(x, op, gather->term, tensor, block, &add);
    for (int r = 0; r < gather->readers; r++)
        g[r] = stp_exec_grad(x, x->g->op[gather->reader[r].mix].out, block);
    x->k->mix_gather(gather->readers, g, gather->coef, value_where_summed(x, op, gather->term, block), sums,
                     d_term, add);
}

// Those of the forward before; NULL: nothing drops. A mix of which some may drop keeps all its terms.
static const stp_real *factors_of(const stp_exec *x, const stp_op *op, int block) {
    const stp_mix_run *run = &x->mix[op - x->g->op];
    return run->factor && x->state->drop_rate > 0 ? run->factor + (size_t)block * op->terms * x->lanes : NULL;
}

void stp_mix_op_backward(stp_exec *x, const stp_op *op, int block) {
    stp_view terms[STP_MIX_MAX_TERMS], d_terms[STP_MIX_MAX_TERMS];
    int add[STP_MIX_MAX_TERMS];
    const stp_mix_run *run = &x->mix[op - x->g->op];
    for (int k = 0; k < run->keeps; k++) {
        int t = run->kept[k], tensor = x->g->term[op->term_first + t].tensor;
        terms[k] = value_where_summed(x, op, t, block);
        d_terms[k] = stp_exec_grad_target(x, op, t, tensor, block, &add[k]);
    }
    size_t channels = (size_t)x->g->tensor[op->out].c;
    memset(x->sums[block], 0, sizeof(stp_real) * (run->keeps + 1 + run->gathered) * channels * x->lanes);
    x->k->mix_backward(stp_exec_grad(x, op->out, block), run->keeps, terms, run->plain,
                       factors_of(x, op, block), x->sums[block], d_terms, add);
    stp_real *sums = x->sums[block] + (run->keeps + 1) * channels * x->lanes;
    for (int k = 0; k < run->gathers; k++) {
        gather(x, op, &run->gather[k], block, sums);
        sums += run->gather[k].readers * channels * x->lanes;
    }
}

// sum g*y of a term is its coefficient's gradient; with y = scale*z + shift it follows from sum g*z and sum
// g, which are also what the term's batch norm needs (times the coefficient). gz: [channels][lanes].
static void settle_term(stp_exec *x, const stp_op *op, int term_index, int group, const stp_real *gz,
                        const double *sum_g) {
    const stp_mix_term *term = &x->g->term[op->term_first + term_index];
    stp_term_norm norm = stp_exec_term_norm(x, term->tensor);
    int channels = x->g->tensor[op->out].c;
    double coef = coef_of(x, term), d_coef = 0;
    for (int c = 0; c < channels; c++) {
        double total = stp_lane_total(gz + (size_t)c * x->lanes, x->lanes);
        if (norm.bn < 0) {
            d_coef += total;
            continue;
        }
        const stp_bn_run *bn = &x->bn[norm.bn];
        size_t at = norm_at(x, norm, group, c);
        d_coef += (double)bn->scale[at] * total + (double)bn->shift[at] * sum_g[c];
        stp_bn_gather(x, norm.bn, group, norm.first + c * norm.step, coef * sum_g[c], coef * total);
    }
    if (term->coef >= 0)
        x->d_coefs[(size_t)group * x->g->coefs + term->coef] += d_coef;
}

static void settle_reader(stp_exec *x, stp_mix_reader reader, int block, const stp_real *gz) {
    const stp_op *op = &x->g->op[reader.mix];
    settle_term(x, op, reader.term, stp_exec_group_of(x, block), gz,
                x->mix[reader.mix].sum_g + (size_t)block * x->g->tensor[op->out].c);
}

// Sums of the gradient by channel, for a term that came with these factors (NULL: 1). g: [channels][lanes].
static void sum_gradient(const stp_exec *x, int channels, const stp_real *g, const stp_real *factor,
                         double *sum_g) {
    for (int c = 0; c < channels; c++, g += x->lanes) {
        sum_g[c] = factor ? 0 : stp_lane_total(g, x->lanes);
        for (int lane = 0; factor && lane < x->lanes; lane++)
            sum_g[c] += (double)factor[lane] * (double)g[lane];
    }
}

void stp_mix_op_after_backward(stp_exec *x, const stp_op *op) {
    stp_mix_run *run = &x->mix[op - x->g->op];
    int channels = x->g->tensor[op->out].c;
    size_t stride = (size_t)channels * x->lanes;
    for (int block = 0; block < x->used_groups * x->blocks_per_group; block++) {
        double *sum_g = run->sum_g + (size_t)block * channels;
        const stp_real *sums = x->sums[block], *factor = factors_of(x, op, block);
        sum_gradient(x, channels, sums + run->keeps * stride, NULL, sum_g);
        for (int k = 0; k < run->keeps; k++) {
            if (factor)
                sum_gradient(x, channels, sums + run->keeps * stride, factor + run->kept[k] * x->lanes,
                             sum_g);
            settle_term(x, op, run->kept[k], stp_exec_group_of(x, block), sums + k * stride, sum_g);
        }
        sums += (run->keeps + 1) * stride;
        for (int k = 0; k < run->gathers; k++)
            for (int r = 0; r < run->gather[k].readers; r++, sums += stride)
                settle_reader(x, run->gather[k].reader[r], block, sums);
    }
}

void stp_mix_dot(stp_exec *x, const stp_op *maker, int block) {
    const stp_op *op = &x->g->op[x->dotted[maker - x->g->op]];
    stp_view z = stp_exec_value(x, maker->out, block), none = stp_exec_no_view();
    int add = 0;
    memset(x->sums[block], 0, sizeof(stp_real) * 2 * (size_t)z.c * x->lanes);
    x->k->mix_backward(stp_exec_grad(x, op->out, block), 1, &z, x->mix[op - x->g->op].coef, NULL,
                       x->sums[block], &none, &add);
}

void stp_mix_after_dot(stp_exec *x, const stp_op *maker) {
    int id = (int)(maker - x->g->op);
    const stp_op *op = &x->g->op[x->dotted[id]];
    int channels = x->g->tensor[op->out].c;
    for (int block = 0; block < x->used_groups * x->blocks_per_group; block++)
        settle_term(x, op, x->dotted_term[id], stp_exec_group_of(x, block), x->sums[block],
                    x->mix[op - x->g->op].sum_g + (size_t)block * channels);
}
