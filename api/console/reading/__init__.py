"""What each page shows: put together from answers of `/v1`, as data that JSON can say."""
