"""Chat platforms, a file each: verify the signature first, then ask as anybody else."""
