# shellcheck shell=bash disable=SC2034
# Sourced by examples/run: the service of which a client is made.
program=weather
