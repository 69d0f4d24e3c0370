// A system from front-end to logits: what was trained, and what eval, classify, info and the exporters read.
#ifndef STP_MODEL_MODEL_H
#define STP_MODEL_MODEL_H

#include "frontend/front_bank.h"
#include "run/run.h"
#include "space/networks.h"

typedef enum stp_model_net { STP_NET_FOUND, STP_NET_DS_CNN } stp_model_net;

typedef struct stp_model {
    stp_arena *arena;
    stp_model_net net;
    stp_genotype genotype; // of a found network; front and features always
    int cells, channels;   // of a found network
    int drop_path;         // built for drop path (training only)
    int classes;
    char **labels; // [classes]
    int rate_hz, clip_samples;
    stp_front_spec front;
    stp_shape input;             // frames, coefficients
    float *norm_mean, *norm_inv; // [coefficients]
    stp_graph *graph;
    stp_real *weights, *running;
} stp_model;

const char *stp_model_net_name(stp_model_net net);
// "ds-cnn"; STP_ERR_USAGE lists the known ones.
stp_status stp_model_net_parse(stp_model_net *net, const char *text, stp_err *err);

typedef struct stp_model_options {
    stp_model_net net;
    const stp_genotype *genotype; // of a found network, else NULL
    int cells, channels, drop_path;
    const char *const *labels;
    int classes;
    int clip_samples;
    const stp_front_spec *front;
} stp_model_options;

// Builds the network; weights and running state are zero (stp_graph_init or loading fills them).
stp_status stp_model_create(stp_model **model, const stp_model_options *options, stp_err *err);
void stp_model_destroy(stp_model *model);

// model.json (what it is, readable) and weights.bin (a checkpoint file), in a run folder.
stp_status stp_model_save(const stp_model *model, stp_run *run, stp_err *err);
stp_status stp_model_load(stp_model **model, stp_run *run, stp_err *err);
// The same of a training's run folder; STP_ERR_USAGE when the training has not finished.
stp_status stp_model_load_finished(stp_model **model, stp_run *run, stp_err *err);

// The network of a genotype at other sizes: parameters as deployed, and MACs of one clip. For choosing a
// size.
stp_status stp_model_measure(const stp_genotype *genotype, int cells, int channels, stp_shape input,
                             int classes, long long *params, long long *macs, stp_err *err);

#endif
