"""What is to be done: a study read and checked, the jobs that it has, what each must know, and how far it is."""
