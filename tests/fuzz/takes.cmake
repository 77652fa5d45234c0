st_fuzz(take_manifest takes)
