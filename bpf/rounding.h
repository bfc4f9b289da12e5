/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0 */
/* The SSE rounding mode of busy tasks, sampled when a task leaves its CPU: its registers have just been saved. */
#ifndef DAVY_ROUNDING_H
#define DAVY_ROUNDING_H

static __always_inline __u32 control_word(struct fpu *fpu) {
  if (bpf_core_field_exists(fpu->fpstate)) return BPF_CORE_READ(fpu, fpstate, regs.xsave.i387.mxcsr);
  return BPF_CORE_READ((struct fpu___old *)fpu, state.xsave.i387.mxcsr);
}

OPTIONAL_HOOK("x86_fpu_regs_deactivated")
int BPF_PROG(registers_saved, struct fpu *fpu) {
  struct task_struct *task = current_task();
  struct davy_tally *tally = known_tally_of(task);
  __u32 control;
  if (!tally || !tally->busy) return 0;
  control = control_word(fpu);
  ADD(tally->count[DAVY_COUNT_ROUND_NEAREST + ((control >> 13) & 3)], 1);
  return 0;
}

#endif
