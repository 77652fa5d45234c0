st_fuzz(control_request control)
