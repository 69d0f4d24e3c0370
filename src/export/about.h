// What a file of another format says about a trained system beside its network: the title, and how features
// are made. The network is in such a file, the front-end is not: features go in.
#ifndef STP_EXPORT_ABOUT_H
#define STP_EXPORT_ABOUT_H

#include "model/model.h"

enum { STP_ABOUT_TITLE_BYTES = 160 };
#define STP_ABOUT_NAME "stapes.json" // of the text among a file's metadata

// "A keyword spotter: ds-cnn network, 12 classes, front-end 640/320/40:10 at 16000 Hz."
void stp_about_title(const stp_model *model, char title[STP_ABOUT_TITLE_BYTES]);

// A JSON text: the front-end's numbers in the words of front/front.h, and the labels in the logits' order.
// NULL when memory is out. stp_json_text_free when done.
char *stp_about_text(const stp_model *model, size_t *length);

#endif
