// The three sets of search parameters and what follows from them: alpha (which operation on an edge), beta
// (which edges a node keeps; PC-DARTS, Xu et al., ICLR 2020, edge normalisation), gamma (which data
// configuration; arXiv 2507.15545). Each is relaxed by a softmax: alpha over the operations of an edge, beta
// over the incoming edges of a node, gamma over configurations.
#ifndef STP_SPACE_ARCH_H
#define STP_SPACE_ARCH_H

#include "space/genotype.h"

#include <stdint.h>

enum {
    STP_ARCH_FRONTS = 64,
    STP_ARCH_ALPHAS = STP_CELL_KINDS * STP_CELL_EDGES * STP_CELL_OPS,
    STP_ARCH_BETAS = STP_CELL_KINDS * STP_CELL_EDGES,
    STP_ARCH_SIZE = STP_ARCH_ALPHAS + STP_ARCH_BETAS + STP_ARCH_FRONTS,
    // Coefficients of the supernet's mixes: beta*alpha of every operation, beta of every bypass, gamma.
    STP_ARCH_COEFS = STP_ARCH_SIZE
};

// As values, as gradients, and as Adam's moments.
typedef union stp_arch {
    struct {
        double alpha[STP_CELL_KINDS][STP_CELL_EDGES][STP_CELL_OPS];
        double beta[STP_CELL_KINDS][STP_CELL_EDGES];
        double gamma[STP_ARCH_FRONTS];
    };
    double all[STP_ARCH_SIZE];
} stp_arch;

// Normal draws times 1e-3, as published.
void stp_arch_init(stp_arch *arch, uint64_t seed, int fronts);

// The softmaxes, in the layout of an arch.
void stp_arch_softmax(const stp_arch *arch, int fronts, stp_arch *weights);

// Where a coefficient stands.
int stp_arch_coef_op(stp_cell_kind kind, int edge, stp_cell_op op);
int stp_arch_coef_bypass(stp_cell_kind kind, int edge);
int stp_arch_coef_front(int front);
// coefs: [STP_ARCH_COEFS].
void stp_arch_coefs(const stp_arch *arch, int fronts, double *coefs);
// The chain rule from coefficients back to the parameters; d_arch is written.
void stp_arch_backward(const stp_arch *arch, int fronts, const double *d_coefs, stp_arch *d_arch);
// beta-decay (Ye et al., "b-DARTS", CVPR 2022): strength times the log of the sum of exp(alpha), mean over
// the edges, joins the loss; it keeps single operations (skips above all) from running away. Its gradient is
// added.
void stp_arch_add_decay(const stp_arch *arch, double strength, stp_arch *d_arch);

// The discrete system: on every node the two edges with the largest softmax(beta) * max over non-none
// softmax(alpha), on each the best operation but none; gamma's maximum is the caller's (`front`, `features`).
// At most max_skips skip connections in the normal cell: the weakest are replaced by their edge's next
// operation; `capped` (may be NULL) counts them.
void stp_arch_derive(const stp_arch *arch, int max_skips, const char *front, const char *features,
                     stp_genotype *genotype, int *capped);

// How sure the choices are: mean over edges (nodes) of the entropy of softmax(alpha) (softmax(beta)), in
// units of the entropy of the uniform distribution: 1 undecided, 0 decided.
double stp_arch_alpha_entropy(const stp_arch *arch, stp_cell_kind kind);
double stp_arch_beta_entropy(const stp_arch *arch, stp_cell_kind kind);
// Index of the largest and of the second largest softmax(gamma); second is -1 with one configuration.
void stp_arch_leaders(const stp_arch *arch, int fronts, int *first, int *second);

#endif
