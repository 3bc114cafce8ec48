"""What runs on the inner side of the sandbox: files of their own, which know the standard library and each other."""
