#!/bin/sh
# The web backend makes its bucket, changes the database to what its version needs, and serves. The worker does
# what the web backend puts off, and what is due by the clock.
set -eu

# PostgreSQL and Redis may come up later.
until python -c 'import os, socket; socket.create_connection((os.environ["DB_HOST"], 5432), 2)' 2>/dev/null; do
    sleep 1
done
until python -c 'import os, socket; socket.create_connection((os.environ["REDIS_HOST"], 6379), 2)' 2>/dev/null; do
    sleep 1
done
export DJANGO_EMAIL_FROM="${DJANGO_EMAIL_FROM:-drive@$DOMAIN}"
OIDC_RS_CLIENT_SECRET=$(cat /run/secrets/oidc_rpcs)
export OIDC_RS_CLIENT_SECRET
if [ -f /run/secrets/smtp_password ]; then
    DJANGO_EMAIL_HOST_PASSWORD=$(cat /run/secrets/smtp_password)
    export DJANGO_EMAIL_HOST_PASSWORD
fi
if [ "$1" = worker ]; then
    exec celery -A drive.celery_app worker -l INFO --concurrency 1 --beat --schedule /tmp/celerybeat-schedule
fi

python - <<'PYTHON'
"""Make the bucket, and let it keep each version of an object: so that a file that somebody overwrites is not lost."""
import os, time

import boto3
import botocore.exceptions

with open(os.environ["AWS_S3_SECRET_ACCESS_KEY_FILE"]) as file:
    key = file.read()
store = boto3.client(
    "s3",
    endpoint_url=os.environ["AWS_S3_ENDPOINT_URL"],
    aws_access_key_id=os.environ["AWS_S3_ACCESS_KEY_ID"],
    aws_secret_access_key=key,
    region_name=os.environ["AWS_S3_REGION_NAME"],
)
bucket = os.environ["AWS_STORAGE_BUCKET_NAME"]
deadline = time.monotonic() + 240
while True:
    try:
        names = [one["Name"] for one in store.list_buckets()["Buckets"]]
        break
    # MinIO may come up later.
    except (botocore.exceptions.ConnectionError, botocore.exceptions.HTTPClientError):
        if time.monotonic() > deadline:
            raise
        time.sleep(1)
if bucket not in names:
    store.create_bucket(Bucket=bucket)
store.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
PYTHON
python manage.py migrate --noinput
if [ -n "${WOPI_CLIENTS:-}" ]; then
    python manage.py trigger_wopi_configuration
fi
exec gunicorn -c /usr/local/etc/gunicorn/drive.py --workers "$WEB_CONCURRENCY" drive.wsgi:application
