/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0 */
/* The SSE rounding mode of busy tasks, sampled when a task leaves its CPU: its registers have just been saved. */
#ifndef DAVY_ROUNDING_H
#define DAVY_ROUNDING_H

SEC("?tp_btf/x86_fpu_regs_deactivated")
int BPF_PROG(registers_saved, struct fpu *fpu) {
  struct task_struct *task = bpf_get_current_task_btf();
  struct davy_tally *tally = bpf_task_storage_get(&tallies, task, 0, 0);
  __u32 control;
  if (!tally || !tally->busy) return 0;
  control = fpu->fpstate->regs.xsave.i387.mxcsr;
  tally->count[DAVY_COUNT_ROUND_NEAREST + ((control >> 13) & 3)]++;
  return 0;
}

#endif
