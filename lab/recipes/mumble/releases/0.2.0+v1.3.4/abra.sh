#!/bin/bash

# abra app cmd <domain> app superuser_password
superuser_password() {
  local password
  password=$(head -c 18 /dev/urandom | base64 | tr +/ -_)
  mumble-server -ini /data/mumble_server_config.ini -readsupw 1 <<<"$password"
  echo "SuperUser: $password"
}
