"""Makes and deploys an app, always through abra."""
