"""Methods x noises x seeds from a declared suite: run, resumed, and brought into tables."""
