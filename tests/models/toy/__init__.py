"""A model as somebody would add it: HNeRV's pyramid with one channel after each stage and a gain of its own."""
