// Fetching the next chunk while the present one is multiplied. Tensors of a step lie in the third-level cache
// or beyond, in as many short runs as they have channels; the processor's own prefetcher sees little of that,
// and without help the products wait for memory as long as they compute. A few lines are asked for before
// every tile, so that the fill buffers never stop the products.
#ifndef STP_KERNEL_LANES_CONV_AGENDA_H
#define STP_KERNEL_LANES_CONV_AGENDA_H

#include "kernel/lanes/conv_panel.h"

typedef struct conv_agenda_view {
    const stp_real *p;
    ptrdiff_t chan;
    int channels;
    conv_places places;
} conv_agenda_view;

typedef struct conv_agenda {
    conv_agenda_view view[4];
    int views, pixels, lines;          // what there is to fetch: pixels of each view, lines before each tile
    int at_view, at_channel, at_pixel; // how far it is fetched
} conv_agenda;

LANE_INLINE void conv_agenda_begin(conv_agenda *ahead, const conv_chunk *next) {
    ahead->views = ahead->at_view = ahead->at_channel = ahead->at_pixel = 0;
    ahead->pixels = next->count;
    ahead->lines = 0;
}

// Another tensor to fetch; the caller fills the places returned.
LANE_INLINE conv_places *conv_agenda_add(conv_agenda *ahead, const stp_real *p, ptrdiff_t chan,
                                         int channels) {
    conv_agenda_view *view = &ahead->view[ahead->views++];
    view->p = p;
    view->chan = chan;
    view->channels = channels;
    ahead->lines += channels * ahead->pixels;
    return &view->places;
}

// The work that hides it: so many tiles.
LANE_INLINE void conv_agenda_spread(conv_agenda *ahead, int tiles) {
    ahead->lines = (ahead->lines + tiles - 1) / tiles;
}

LANE_INLINE void conv_agenda_fetch(conv_agenda *ahead) {
    for (int left = ahead->lines; left > 0 && ahead->at_view < ahead->views;) {
        const conv_agenda_view *view = &ahead->view[ahead->at_view];
        const stp_real *p = view->p + ahead->at_channel * view->chan;
        int from = ahead->at_pixel, to = from + left < ahead->pixels ? from + left : ahead->pixels;
        for (int i = from; i < to; i++)
            __builtin_prefetch(p + (view->places.at[i] < 0 ? 0 : view->places.at[i]), 0, 2);
        left -= to - from;
        ahead->at_pixel = to;
        if (to < ahead->pixels)
            continue;
        ahead->at_pixel = 0;
        if (++ahead->at_channel == view->channels) {
            ahead->at_channel = 0;
            ahead->at_view++;
        }
    }
}

#endif
