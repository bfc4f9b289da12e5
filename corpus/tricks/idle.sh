# The program in the idle class of the scheduler and at the lowest priority: it takes what nobody wants.
launch() { exec nice -n 19 chrt --idle 0 "$@"; }
