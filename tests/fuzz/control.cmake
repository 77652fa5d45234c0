st_fuzz(control_request control)
st_fuzz(control_incoming control)
