// A quantised system as a folder of C sources that builds alone, with nothing of stapes installed:
//   stapes/front, nn, runtime   the device's sources, only those that this system needs
//   model.h, model.c            the system: constant data
//   main.c                      an example: samples from standard input, words to standard output
//   golden.h, selftest.c        a signal and what the host made of it; `make test` compares every bit
//   Makefile, README.md
#ifndef STP_EXPORT_FIRMWARE_H
#define STP_EXPORT_FIRMWARE_H

#include "export/model_source.h"

// The folder is made, or must be empty (STP_ERR_USAGE). After any other error it is gone, or empty
// behind a link to it.
stp_status stp_firmware_write(const stp_system_source *system, const char *folder, stp_err *err);

#endif
