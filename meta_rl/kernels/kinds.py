"""How a field lies in a packed row. Here, so that who names a kind need not load the kernels."""

NUMBER, CHOICE, FLAG = range(3)  # float32 as it is; int64, one-hot in the row; bool, as 0 or 1
