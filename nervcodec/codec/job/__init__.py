"""Encoding of a whole video in segments that one or more workers fit; only this package uses job folders and leases."""
