#!/bin/bash
# The work of a full run of custom-html, as a person at a shell would do it: docker, restic, curl.
# No abra, no browser, no reports. Prints "<seconds since the start> <stage>" when a stage is done.
#   DOMAIN=... ADDRESS=... PORT=... BUNDLE=... RECIPE=<repository> ENDPOINT_MODE=vip|dnsrr by_hand.sh
# It fails at the first thing that is not as it should be, and removes what it made in any case.
set -euo pipefail
export LC_ALL=C

domain=$DOMAIN
stack=${domain//./_}
second=${stack}_2
url=https://$domain:$PORT
volume=${stack}_content
web=/usr/share/nginx/html
deadline_seconds=60

work=$(mktemp -d)
bot=
begun=${EPOCHREALTIME/./}

die() { echo "by_hand: $*" >&2; exit 1; }
done_with() {
    local took=$((${EPOCHREALTIME/./} - begun))
    printf '%d.%03d %s\n' $((took / 1000000)) $((took / 1000 % 1000)) "$1"
}

# until_true WHAT COMMAND...: look ten times a second, and give up at the deadline.
until_true() {
    local what=$1 give_up=$((SECONDS + deadline_seconds))
    shift
    until "$@"; do
        [ "$SECONDS" -lt "$give_up" ] ||
            die "$what: not within $deadline_seconds s; $(cat "$work/curl.log" 2>/dev/null)"
        sleep 0.1
    done
}

fetch() { curl --silent --show-error --cacert "$BUNDLE" --resolve "$domain:$PORT:$ADDRESS" "$@"; }
status() { fetch --output /dev/null --write-out '%{http_code}' "$url$1"; }
wait_healthy() { until_true "status 200 from $url" answers /; }
answers() { [ "$(status "$1" 2>"$work/curl.log")" = 200 ]; }
is_missing() { [ "$(status "$1")" = 404 ] || die "$1 is there and should not be"; }
same() { fetch "$url/$1" | cmp --silent - "$2" || die "$1 is not what was published"; }
reads() { [ "$(fetch "$url/$1")" = "$2" ] || die "$1 does not read '$2'"; }

container() {
    docker ps --quiet --filter "label=com.docker.swarm.service.name=$1" --filter status=running |
        head -n 1
}
publish() {
    docker cp "$1" "$(container "${stack}_app"):$web/${2:-$(basename "$1")}" >/dev/null
}
unpublish() { docker exec "$(container "${stack}_app")" rm "$web/$1"; }
nothing_runs() {
    [ -z "$(docker ps --all --quiet --filter "label=com.docker.stack.namespace=$1")" ]
}
no_task_runs() { [ -z "$(container "${stack}_app")" ]; }
is_updated() {
    [[ $(docker service inspect "${stack}_app") =~ \"State\":\ \"completed\" ]]
}

# deploy COMMIT [STACK DOMAIN ALIASES]: the recipe as it is there, with what this node's kernel needs. Like abra, it tells
# the app its version: without that, two versions of one image would be no update to the Swarm.
deploy() {
    git -C "$work/recipe" checkout --quiet --detach "$1"
    {
        printf 'version: "3.8"\nservices:\n  app:\n    environment: ["TYPE=custom-html:%s"]\n' "$1"
        [ "$ENDPOINT_MODE" != dnsrr ] || echo '    deploy: {endpoint_mode: dnsrr}'
    } >"$work/overlay.yml"
    (
        cd "$work/recipe"
        # shellcheck source=/dev/null
        . ./abra.sh
        export STACK_NAME=${2:-$stack} DOMAIN=${3:-$domain} EXTRA_DOMAINS=${4-} LETS_ENCRYPT_ENV=
        docker stack deploy --resolve-image always -c compose.yml -c "$work/overlay.yml" "$STACK_NAME" \
            >"$work/deploy.log" 2>&1 || die "stack deploy: $(tail -n 3 "$work/deploy.log")"
    )
}
# remove STACK
remove() {
    docker stack rm "$1" >/dev/null
    until_true "the end of the stack" nothing_runs "$1"
    docker volume rm "${1}_content" >/dev/null
}
restic() { docker exec "$bot" restic --no-cache "$@"; }
leave() {
    for one in "$stack" "$second"; do
        if docker service inspect "${one}_app" >/dev/null 2>&1; then
            docker stack rm "$one" >/dev/null && until_true "the end of the stack" nothing_runs "$one"
        fi
        if docker volume inspect "${one}_content" >/dev/null 2>&1; then
            docker volume rm "${one}_content" >/dev/null
        fi
    done
    rm -rf "$work"
}
trap leave EXIT

seed() { publish "$work/seed.html"; publish "$work/seed.bin"; }
seed_is_there() { same seed.html "$work/seed.html"; same seed.bin "$work/seed.bin"; }
works() {
    echo "<p>it works</p>" >"$work/works.html"
    publish "$work/works.html"
    same works.html "$work/works.html"
}

head -c 3000 /dev/urandom >"$work/seed.html"
head -c 300000 /dev/urandom >"$work/seed.bin"

# install
git clone --quiet "$RECIPE" "$work/recipe"
head=$(git -C "$work/recipe" rev-parse HEAD)
previous=$(git -C "$work/recipe" tag --sort=v:refname | tail -n 1)
bot=$(container "$(docker service ls --quiet --filter label=coop-cloud.backupbot.enabled=true |
    xargs docker service inspect --format '{{.Spec.Name}}')")
deploy "$head"
wait_healthy
image=$(docker service inspect --format '{{.Spec.TaskTemplate.ContainerSpec.Image}}' "${stack}_app")
grep -q "image: ${image%%@*}$" "$work/recipe/compose.yml" || die "it runs $image"
[ "$(docker service ps --quiet "${stack}_app" | wc -l)" = 1 ] || die "a task was restarted"
done_with install

# functional
for name in page.html style.css picture.png download.bin script.js; do
    head -c 70000 /dev/urandom >"$work/$name"
    publish "$work/$name"
    same "$name" "$work/$name"
done
[[ $(fetch --head "$url/picture.png") == *image/png* ]] || die "picture.png is no picture"
[[ $(fetch --head "$url/script.js") == */javascript* ]] || die "script.js is no script"
[[ $(fetch --head "$url/page.html") == *no-cache* ]] || die "page.html may be cached"
is_missing "/never-$RANDOM$RANDOM.html"
for text in first second; do
    printf '%s' "$text" >"$work/notice.html"
    publish "$work/notice.html"
    reads notice.html "$text"
done
publish "$work/page.html" passing.html
same passing.html "$work/page.html"
unpublish passing.html
is_missing /passing.html
head -c 12000000 /dev/urandom >"$work/film.bin"
publish "$work/film.bin"
{ fetch --range 0-7999999 "$url/film.bin"; fetch --range 8000000- "$url/film.bin"; } |
    cmp --silent - "$work/film.bin" || die "the ranges do not add up"
deploy "$head" "$second" "2-$domain" ") || Host(\`alias-$domain\`"
alias_answers() {
    [ "$(fetch --resolve "alias-$domain:$PORT:$ADDRESS" --output /dev/null \
        --write-out '%{http_code}' "https://alias-$domain:$PORT/" 2>"$work/curl.log")" = 200 ]
}
until_true "status 200 under the alias" alias_answers
[[ $(fetch --head "$url/") == *nginx/"${image##*:}"* ]] || die "the server's version is another"
done_with functional

# restart: down to none and up again, as abra does it
seed
seed_is_there
docker service scale --detach "${stack}_app=0" >/dev/null
until_true "the app to stop" no_task_runs
docker service scale --detach "${stack}_app=1" >/dev/null
wait_healthy
seed_is_there
done_with restart

# backup: taken, data changed and deleted, wiped, deployed anew, restored
seed_is_there
snapshot=$(docker exec "$bot" restic --no-cache backup --json --host "$stack" \
    "/volumes/$volume/_data" | sed -n 's/.*"snapshot_id":"\([0-9a-f]*\)".*/\1/p')
restic ls "$snapshot" | grep "/$volume/_data/seed.bin" >/dev/null || die "snapshot '$snapshot' lacks the seed"
publish "$work/page.html" seed.html
unpublish seed.bin
remove "$stack"
deploy "$head"
wait_healthy
is_missing /seed.html
is_missing /seed.bin
restic restore "$snapshot" --target / >/dev/null
wait_healthy
seed_is_there
done_with backup

# upgrade: the previous release on empty volumes, then the head over it
remove "$stack"
deploy "$previous"
wait_healthy
version=$(docker service inspect "${stack}_app" \
    --format "{{index .Spec.Labels \"coop-cloud.$stack.version\"}}")
[ "$version" = "$previous" ] || die "it runs $version, not $previous"
seed
seed_is_there
deploy "$head"
until_true "the update to be completed" is_updated
wait_healthy
seed_is_there
works
done_with upgrade

# teardown
restic forget "$snapshot" >/dev/null
remove "$stack"
remove "$second"
[ -z "$(docker config ls --quiet --filter "name=${stack}_")" ] || die "a config is left"
done_with teardown
