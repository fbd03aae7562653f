#!/bin/bash
export NGINX_DEFAULT_CONF_VERSION=v2

# abra app cmd <domain> app list_content
list_content() {
  find /usr/share/nginx/html -type f | sort
}
