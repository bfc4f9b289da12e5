# The program in the idle class of the scheduler and at the lowest priority; that counts among the processes of its container only.
launch() { exec nice -n 19 chrt --idle 0 "$@"; }
