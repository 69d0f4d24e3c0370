// Which size a found network is trained at.
#include "train/train.h"

static int more_macs(const stp_size *a, const stp_size *b) {
    return a->macs > b->macs || (a->macs == b->macs && a->params < b->params);
}

// Into a list with the most MACs first; of a full one the last goes.
static void insert(stp_size *sizes, int most, int *count, stp_size size) {
    if (*count == most && !more_macs(&size, &sizes[most - 1]))
        return;
    int at = *count < most ? (*count)++ : most - 1;
    for (; at > 0 && more_macs(&size, &sizes[at - 1]); at--)
        sizes[at] = sizes[at - 1];
    sizes[at] = size;
}

int stp_train_cells_tried(int search_cells) {
    return 2 * search_cells < STP_SIZE_CELLS_MOST ? 2 * search_cells : STP_SIZE_CELLS_MOST;
}

stp_status stp_train_sizes(const stp_genotype *genotype, stp_shape input, int classes, long long max_params,
                           int cells, int channels, int search_cells, stp_size *sizes, int most, int *count,
                           stp_err *err) {
    int first_cells = cells > 0 ? cells : STP_SIZE_CELLS_LOW;
    int last_cells = cells > 0 ? cells : stp_train_cells_tried(search_cells);
    int first_channels = channels > 0 ? channels : 4;
    int last_channels = channels > 0 ? channels : STP_SIZE_CHANNELS_MOST;
    int measured = 0;
    *count = 0;
    for (int n = first_cells; n <= last_cells; n++)
        for (int c = first_channels; c <= last_channels; c += 4) {
            stp_size size = {.cells = n, .channels = c};
            stp_status status =
                stp_model_measure(genotype, n, c, input, classes, &size.params, &size.macs, err);
            if (status == STP_ERR_USAGE && measured > 0) // more than a graph can hold
                break;
            STP_TRY(status);
            measured++;
            if (size.params > max_params)
                break; // more channels are more parameters
            insert(sizes, most, count, size);
        }
    if (*count == 0)
        return stp_err_set(
            err, STP_ERR_USAGE,
            "--max-params %lld: no network of this genotype is that small; allow more, or set fewer "
            "--cells or --channels",
            max_params);
    return STP_OK;
}
