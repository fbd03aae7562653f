#!/bin/bash
export NGINX_CONF_VERSION=v1
export PG_BACKUP_VERSION=v1
export START_VERSION=v1

# abra app cmd <domain> backend create_administrator <mail address> <password>
create_administrator() {
  python manage.py createsuperuser --email "$1" --password "$2"
}
