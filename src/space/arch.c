#include "space/arch.h"

#include "base/exact.h"
#include "base/rng.h"
#include "space/blocks.h"

#include <stdio.h>
#include <string.h>

void stp_arch_init(stp_arch *arch, uint64_t seed, int fronts) {
    memset(arch, 0, sizeof *arch);
    stp_rng rng = stp_rng_at(seed, STP_RNG_ARCH, 0, 0);
    for (int i = 0; i < STP_ARCH_ALPHAS + STP_ARCH_BETAS + fronts; i++)
        arch->all[i] = 1e-3 * stp_rng_normal(&rng);
}

static void softmax(const double *x, int n, double *y) {
    double largest = x[0], sum = 0;
    for (int i = 1; i < n; i++)
        largest = x[i] > largest ? x[i] : largest;
    for (int i = 0; i < n; i++)
        sum += y[i] = stp_exp(x[i] - largest);
    for (int i = 0; i < n; i++)
        y[i] /= sum;
}

// d_x of y = softmax(x), given y and d_y.
static void softmax_backward(const double *y, const double *d_y, int n, double *d_x) {
    double dot = 0;
    for (int i = 0; i < n; i++)
        dot += y[i] * d_y[i];
    for (int i = 0; i < n; i++)
        d_x[i] = y[i] * (d_y[i] - dot);
}

void stp_arch_softmax(const stp_arch *arch, int fronts, stp_arch *weights) {
    memset(weights, 0, sizeof *weights);
    for (int kind = 0; kind < STP_CELL_KINDS; kind++) {
        for (int e = 0; e < STP_CELL_EDGES; e++)
            softmax(arch->alpha[kind][e], STP_CELL_OPS, weights->alpha[kind][e]);
        for (int node = 0; node < STP_CELL_NODES; node++) {
            int e = stp_cell_first_edge(node);
            softmax(&arch->beta[kind][e], 2 + node, &weights->beta[kind][e]);
        }
    }
    if (fronts > 0)
        softmax(arch->gamma, fronts, weights->gamma);
}

int stp_arch_coef_op(stp_cell_kind kind, int edge, stp_cell_op op) {
    return ((int)kind * STP_CELL_EDGES + edge) * STP_CELL_OPS + (int)op;
}

int stp_arch_coef_bypass(stp_cell_kind kind, int edge) {
    return STP_ARCH_ALPHAS + (int)kind * STP_CELL_EDGES + edge;
}

int stp_arch_coef_front(int front) {
    return STP_ARCH_ALPHAS + STP_ARCH_BETAS + front;
}

void stp_arch_coefs(const stp_arch *arch, int fronts, double *coefs) {
    stp_arch weights;
    stp_arch_softmax(arch, fronts, &weights);
    memcpy(coefs, weights.all, sizeof weights.all);
    for (int kind = 0; kind < STP_CELL_KINDS; kind++)
        for (int e = 0; e < STP_CELL_EDGES; e++)
            for (int op = 0; op < STP_CELL_OPS; op++)
                coefs[stp_arch_coef_op(kind, e, op)] *= weights.beta[kind][e];
}

void stp_arch_backward(const stp_arch *arch, int fronts, const double *d_coefs, stp_arch *d_arch) {
    stp_arch weights, d_weights;
    stp_arch_softmax(arch, fronts, &weights);
    memcpy(d_weights.all, d_coefs, sizeof d_weights.all);
    memset(d_arch, 0, sizeof *d_arch);
    for (int kind = 0; kind < STP_CELL_KINDS; kind++) {
        for (int e = 0; e < STP_CELL_EDGES; e++) {
            for (int op = 0; op < STP_CELL_OPS; op++) {
                double d = d_coefs[stp_arch_coef_op(kind, e, op)];
                d_weights.beta[kind][e] += weights.alpha[kind][e][op] * d;
                d_weights.alpha[kind][e][op] = weights.beta[kind][e] * d;
            }
            softmax_backward(weights.alpha[kind][e], d_weights.alpha[kind][e], STP_CELL_OPS,
                             d_arch->alpha[kind][e]);
        }
        for (int node = 0; node < STP_CELL_NODES; node++) {
            int e = stp_cell_first_edge(node);
            softmax_backward(&weights.beta[kind][e], &d_weights.beta[kind][e], 2 + node,
                             &d_arch->beta[kind][e]);
        }
    }
    if (fronts > 0)
        softmax_backward(weights.gamma, d_weights.gamma, fronts, d_arch->gamma);
}

void stp_arch_add_decay(const stp_arch *arch, double strength, stp_arch *d_arch) {
    stp_arch weights;
    stp_arch_softmax(arch, 0, &weights);
    for (int i = 0; i < STP_ARCH_ALPHAS; i++)
        d_arch->all[i] += strength / STP_ARCH_BETAS * weights.all[i];
}

static stp_cell_op best_op(const double *alpha, int without_skip) {
    stp_cell_op best = STP_CELL_MAX_POOL_3X3;
    for (int op = STP_CELL_MAX_POOL_3X3; op < STP_CELL_OPS; op++)
        if (alpha[op] > alpha[best] && !(without_skip && op == STP_CELL_SKIP_CONNECT))
            best = (stp_cell_op)op;
    return best;
}

static double edge_strength(const stp_arch *weights, int kind, int e) {
    const double *alpha = weights->alpha[kind][e];
    return weights->beta[kind][e] * alpha[best_op(alpha, 0)];
}

static void derive_node(const stp_arch *weights, int kind, int node, stp_genotype *genotype) {
    int first = stp_cell_first_edge(node), kept[2] = {-1, -1};
    for (int k = 0; k < 2; k++)
        for (int j = 0; j < 2 + node; j++)
            if (j != kept[0] && (kept[k] < 0 || edge_strength(weights, kind, first + j) >
                                                    edge_strength(weights, kind, first + kept[k])))
                kept[k] = j;
    // Written in the order of the states, so that one system has one form.
    int low = kept[0] < kept[1] ? kept[0] : kept[1], high = kept[0] < kept[1] ? kept[1] : kept[0];
    stp_genotype_edge *edge = &genotype->edge[kind][2 * node];
    edge[0] = (stp_genotype_edge){best_op(weights->alpha[kind][first + low], 0), low};
    edge[1] = (stp_genotype_edge){best_op(weights->alpha[kind][first + high], 0), high};
}

// The kept skip with the smallest weight, or -1 when there are no more than max_skips.
static int weakest_surplus_skip(const stp_arch *weights, const stp_genotype *genotype, int max_skips) {
    int skips = 0, weakest = -1;
    double least = 2;
    for (int k = 0; k < STP_CELL_KEPT_EDGES; k++) {
        const stp_genotype_edge *edge = &genotype->edge[STP_CELL_NORMAL][k];
        if (edge->op != STP_CELL_SKIP_CONNECT)
            continue;
        skips++;
        double weight =
            weights->alpha[STP_CELL_NORMAL][stp_cell_first_edge(k / 2) + edge->from][STP_CELL_SKIP_CONNECT];
        if (weight < least) {
            least = weight;
            weakest = k;
        }
    }
    return skips > max_skips ? weakest : -1;
}

void stp_arch_derive(const stp_arch *arch, int max_skips, const char *front, const char *features,
                     stp_genotype *genotype, int *capped) {
    stp_arch weights;
    stp_arch_softmax(arch, 0, &weights);
    memset(genotype, 0, sizeof *genotype);
    snprintf(genotype->front, sizeof genotype->front, "%s", front);
    snprintf(genotype->features, sizeof genotype->features, "%s", features);
    for (int kind = 0; kind < STP_CELL_KINDS; kind++)
        for (int node = 0; node < STP_CELL_NODES; node++)
            derive_node(&weights, kind, node, genotype);
    int replaced = 0;
    for (int k; (k = weakest_surplus_skip(&weights, genotype, max_skips)) >= 0; replaced++) {
        stp_genotype_edge *edge = &genotype->edge[STP_CELL_NORMAL][k];
        int e = stp_cell_first_edge(k / 2) + edge->from;
        edge->op = best_op(weights.alpha[STP_CELL_NORMAL][e], 1);
    }
    if (capped)
        *capped = replaced;
}

static double relative_entropy(const double *p, int n) {
    double entropy = 0;
    for (int i = 0; i < n; i++)
        entropy -= p[i] > 0 ? p[i] * stp_log(p[i]) : 0;
    return entropy / stp_log((double)n);
}

double stp_arch_alpha_entropy(const stp_arch *arch, stp_cell_kind kind) {
    stp_arch weights;
    stp_arch_softmax(arch, 0, &weights);
    double sum = 0;
    for (int e = 0; e < STP_CELL_EDGES; e++)
        sum += relative_entropy(weights.alpha[kind][e], STP_CELL_OPS);
    return sum / STP_CELL_EDGES;
}

double stp_arch_beta_entropy(const stp_arch *arch, stp_cell_kind kind) {
    stp_arch weights;
    stp_arch_softmax(arch, 0, &weights);
    double sum = 0;
    for (int node = 0; node < STP_CELL_NODES; node++)
        sum += relative_entropy(&weights.beta[kind][stp_cell_first_edge(node)], 2 + node);
    return sum / STP_CELL_NODES;
}

void stp_arch_leaders(const stp_arch *arch, int fronts, int *first, int *second) {
    *first = 0;
    *second = -1;
    for (int i = 1; i < fronts; i++)
        if (arch->gamma[i] > arch->gamma[*first])
            *first = i;
    for (int i = 0; i < fronts; i++)
        if (i != *first && (*second < 0 || arch->gamma[i] > arch->gamma[*second]))
            *second = i;
}
