// What the passes of the kernels compute and move: counted, not measured, to set beside their times.
#ifndef STP_KERNEL_WORK_H
#define STP_KERNEL_WORK_H

typedef enum stp_pass {
    STP_PASS_DWPW_FORWARD,
    STP_PASS_DWPW_BACKWARD,           // the input's gradient alone, as in an architecture step
    STP_PASS_DWPW_BACKWARD_RECTIFIED, // the same, of an input that the kernel rectifies itself
    STP_PASS_DWPW_BACKWARD_W,         // the weights' as well, for which the depthwise result is made again
    STP_PASS_DW_FORWARD,
    STP_PASS_DW_BACKWARD,
    STP_PASS_DW_BACKWARD_W,
    STP_PASS_CONV_FORWARD,
    STP_PASS_CONV_BACKWARD,
    STP_PASS_CONV_ONLY_W, // of the network's input, which needs no gradient
    STP_PASS_CONV_BACKWARD_W,
    STP_PASS_MAXPOOL_FORWARD,
    STP_PASS_MAXPOOL_BACKWARD,
    STP_PASS_AVGPOOL_FORWARD,
    STP_PASS_AVGPOOL_BACKWARD,
    STP_PASS_AFFINE_FORWARD,
    STP_PASS_AFFINE_BACKWARD,
    STP_PASS_MIX_FORWARD,
    STP_PASS_MIX_BACKWARD, // sums of the gradient times its terms
    // Parts of what one or several mixes (m of them) owe to one term: their gradients read, sums of these
    // times the term, the term's gradient made of them.
    STP_PASS_MIX_GATHER,
    STP_PASS_MIX_SUM,
    STP_PASS_MIX_GIVE,
    STP_PASS_MEAN_FORWARD,
    STP_PASS_MEAN_BACKWARD,
    STP_PASS_LINEAR_FORWARD,
    STP_PASS_LINEAR_BACKWARD,
    STP_PASS_LINEAR_BACKWARD_W,
    STP_PASSES
} stp_pass;

// Of one clip. m: channels of the result; of a mix, its terms (of a gather, the mixes).
typedef struct stp_pass_size {
    int c, h, w;
    int m, out_h, out_w;
    int k_h, k_w;
    int d_in; // how often the input's gradient goes by: 0 not wanted, 1 written, 2 added to, 3 zeroed before
} stp_pass_size;

// Multiplications, additions and comparisons, of one clip; not those of batch statistics, nor of a gradient
// that is made on the fly.
double stp_pass_flops(stp_pass pass, const stp_pass_size *size);
// Bytes of tensors read or written, of one clip, each time counted, wherever they lie; weights are left out.
double stp_pass_bytes(stp_pass pass, const stp_pass_size *size);

#endif
