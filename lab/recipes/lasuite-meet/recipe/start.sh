#!/bin/sh
# The backend changes the database to what its version needs, and serves.
set -eu

# PostgreSQL may come up later.
until python -c 'import os, socket; socket.create_connection((os.environ["DB_HOST"], 5432), 2)' 2>/dev/null; do
    sleep 1
done
export DJANGO_EMAIL_FROM="${DJANGO_EMAIL_FROM:-meet@$DOMAIN}"
if [ -f /run/secrets/smtp_password ]; then
    DJANGO_EMAIL_HOST_PASSWORD=$(cat /run/secrets/smtp_password)
    export DJANGO_EMAIL_HOST_PASSWORD
fi
python manage.py migrate --noinput
exec gunicorn -c /usr/local/etc/gunicorn/meet.py meet.wsgi:application
