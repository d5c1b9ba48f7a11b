# shellcheck shell=bash disable=SC2034,SC2154
# Sourced by examples/run: two authorities and their certificates, and who gets which.
"$python" examples/secure/certificates.py "$work"
service=(--location grpc+tls://localhost:0 --users examples/secure/users.txt)
service+=(--tls-cert "$work/server.crt" --tls-key "$work/server.key" --client-ca "$work/client-ca.crt")
client=(--certificates "$work")
