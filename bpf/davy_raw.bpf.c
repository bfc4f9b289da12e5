/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0 */
/* The second rung: the same programs for kernels without typed tracepoints or task storage (state.h). */
#define DAVY_RAW
#include "davy.bpf.c"
