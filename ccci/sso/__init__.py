"""Single sign-on: the OpenID Connect protocol, and the providers that recipes name."""
