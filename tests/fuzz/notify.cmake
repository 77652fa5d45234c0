st_fuzz(hook_journal notify)
st_fuzz(hook_messages notify)
