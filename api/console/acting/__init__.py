"""What each button does: one request to `/v1`, and where the person is led after it."""
