#!/bin/sh
set -eu
undo=: kept=:
later() { undo="$1; $undo"; }
trap 'code=$?; [ "$code" = 0 ] || eval "$undo; $kept" >/dev/null 2>&1; exit "$code"' EXIT
mkdir -p -m 0700 /home/ada/.local/state/paude/sessions/paude-bcd234
later 'rm -rf -- /home/ada/.local/state/paude/sessions/paude-bcd234'
mkdir -p -m 0755 /home/ada/.local/state/paude/sessions/paude-bcd234/policy
later 'rm -rf -- /home/ada/.local/state/paude/sessions/paude-bcd234/policy'
mkdir -p -m 0755 /home/ada/.local/state/paude/sessions/paude-bcd234/policy/0123456789ab
later 'rm -rf -- /home/ada/.local/state/paude/sessions/paude-bcd234/policy/0123456789ab'
cat >/home/ada/.local/state/paude/sessions/paude-bcd234/policy/0123456789ab/squid.conf <<'EOF'
acl allowed dstdomain api.anthropic.com
EOF
chmod 0644 /home/ada/.local/state/paude/sessions/paude-bcd234/policy/0123456789ab/squid.conf
cat >/home/ada/.local/state/paude/sessions/paude-bcd234/policy/stages <<'EOF'
0 0123456789ab
EOF
chmod 0644 /home/ada/.local/state/paude/sessions/paude-bcd234/policy/stages
install -m 0600 /dev/null /home/ada/.local/state/paude/sessions/paude-bcd234/kept.json
: >/home/ada/.local/state/paude/sessions/paude-bcd234/started
chmod 0600 /home/ada/.local/state/paude/sessions/paude-bcd234/started
cat >/home/ada/.local/state/paude/sessions/paude-bcd234/session.json <<'EOF'
{ "v": 1, "id": "paude-bcd234" }
EOF
chmod 0600 /home/ada/.local/state/paude/sessions/paude-bcd234/session.json
cat >/home/ada/.local/state/paude/sessions/paude-bcd234/agent.json <<'EOF'
{
  "apiVersion": "v1",
  "kind": "List",
  "items": [
    {
      "apiVersion": "batch/v1",
      "kind": "Job",
      "metadata": {
        "name": "paude-bcd234",
        "labels": {
          "paude.id": "paude-bcd234",
          "paude.role": "agent",
          "paude.agent": "claude",
          "paude.home": "paude-home-claude-0123456789abcdef",
          "app.kubernetes.io/managed-by": "paude",
          "paude.owner": "0123456789abcdef"
        },
        "annotations": {
          "paude.name": "",
          "paude.workspace": "/home/ada/engine",
          "paude.network": "restricted",
          "paude.version": "0.1.0",
          "paude.created": "2026-01-02T03:04:05.000Z"
        }
      },
      "spec": {
        "backoffLimit": 0,
        "podFailurePolicy": {
          "rules": [
            {
              "action": "Ignore",
              "onPodConditions": [
                {
                  "type": "DisruptionTarget",
                  "status": "True"
                }
              ]
            }
          ]
        },
        "template": {
          "metadata": {
            "labels": {
              "paude.id": "paude-bcd234",
              "paude.role": "agent",
              "paude.agent": "claude",
              "paude.home": "paude-home-claude-0123456789abcdef"
            },
            "annotations": {}
          },
          "spec": {
            "automountServiceAccountToken": false,
            "enableServiceLinks": false,
            "securityContext": {
              "runAsNonRoot": true,
              "runAsUser": 1000,
              "runAsGroup": 1000,
              "fsGroup": 1000,
              "fsGroupChangePolicy": "OnRootMismatch",
              "seccompProfile": {
                "type": "RuntimeDefault"
              }
            },
            "restartPolicy": "Never",
            "terminationGracePeriodSeconds": 10,
            "hostname": "paude",
            "dnsPolicy": "None",
            "dnsConfig": {
              "nameservers": [
                "127.0.0.1"
              ]
            },
            "initContainers": [
              {
                "name": "proof",
                "image": "localhost/paude/proxy:1",
                "imagePullPolicy": "Never",
                "command": [
                  "/usr/lib/paude/init",
                  "prove",
                  "restricted",
                  "/paude/way/proxy"
                ],
                "env": [
                  {
                    "name": "PAUDE_NODE",
                    "valueFrom": {
                      "fieldRef": {
                        "fieldPath": "status.hostIP"
                      }
                    }
                  }
                ],
                "securityContext": {
                  "allowPrivilegeEscalation": false,
                  "capabilities": {
                    "drop": [
                      "ALL"
                    ]
                  },
                  "readOnlyRootFilesystem": true
                },
                "resources": {
                  "requests": {
                    "cpu": "50m",
                    "memory": "32Mi"
                  },
                  "limits": {
                    "memory": "64Mi"
                  }
                },
                "volumeMounts": [
                  {
                    "name": "kit",
                    "mountPath": "/paude/kit"
                  },
                  {
                    "name": "link",
                    "mountPath": "/paude/link"
                  },
                  {
                    "name": "tmp",
                    "mountPath": "/paude/tmp"
                  },
                  {
                    "name": "way",
                    "mountPath": "/paude/way",
                    "readOnly": true
                  }
                ]
              }
            ],
            "containers": [
              {
                "name": "agent",
                "image": "localhost/paude/claude:1",
                "imagePullPolicy": "Never",
                "command": [
                  "/paude/kit/init"
                ],
                "args": [
                  "--pod",
                  "--way=/paude/way/proxy",
                  "--",
                  "/bin/sh",
                  "-c",
                  "cd -- \"$$1\" && exec /bin/sh /paude/seed/entry.sh",
                  "sh",
                  "/home/ada/engine"
                ],
                "workingDir": "/home/ada/engine",
                "env": [
                  {
                    "name": "HOME",
                    "value": "/home/ada"
                  },
                  {
                    "name": "HTTP_PROXY",
                    "value": "http://127.0.0.1:3128"
                  },
                  {
                    "name": "HTTPS_PROXY",
                    "value": "http://127.0.0.1:3128"
                  },
                  {
                    "name": "ALL_PROXY",
                    "value": "http://127.0.0.1:3128"
                  },
                  {
                    "name": "http_proxy",
                    "value": "http://127.0.0.1:3128"
                  },
                  {
                    "name": "https_proxy",
                    "value": "http://127.0.0.1:3128"
                  },
                  {
                    "name": "all_proxy",
                    "value": "http://127.0.0.1:3128"
                  },
                  {
                    "name": "NO_PROXY",
                    "value": "localhost,127.0.0.1,::1"
                  },
                  {
                    "name": "no_proxy",
                    "value": "localhost,127.0.0.1,::1"
                  },
                  {
                    "name": "SSL_CERT_FILE",
                    "value": "/paude/link/ca-bundle.pem"
                  },
                  {
                    "name": "CURL_CA_BUNDLE",
                    "value": "/paude/link/ca-bundle.pem"
                  },
                  {
                    "name": "GIT_SSL_CAINFO",
                    "value": "/paude/link/ca-bundle.pem"
                  },
                  {
                    "name": "REQUESTS_CA_BUNDLE",
                    "value": "/paude/link/ca-bundle.pem"
                  },
                  {
                    "name": "PIP_CERT",
                    "value": "/paude/link/ca-bundle.pem"
                  },
                  {
                    "name": "CODEX_CA_CERTIFICATE",
                    "value": "/paude/link/ca-bundle.pem"
                  },
                  {
                    "name": "AWS_CA_BUNDLE",
                    "value": "/paude/link/ca-bundle.pem"
                  },
                  {
                    "name": "CARGO_HTTP_CAINFO",
                    "value": "/paude/link/ca-bundle.pem"
                  },
                  {
                    "name": "NODE_EXTRA_CA_CERTS",
                    "value": "/paude/link/ca-extra.pem"
                  },
                  {
                    "name": "DENO_CERT",
                    "value": "/paude/link/ca-extra.pem"
                  },
                  {
                    "name": "NODE_USE_ENV_PROXY",
                    "value": "1"
                  }
                ],
                "stdin": true,
                "tty": true,
                "securityContext": {
                  "allowPrivilegeEscalation": false,
                  "capabilities": {
                    "drop": [
                      "ALL"
                    ]
                  },
                  "readOnlyRootFilesystem": true
                },
                "resources": {
                  "requests": {},
                  "limits": {}
                },
                "volumeMounts": [
                  {
                    "name": "tmp",
                    "mountPath": "/tmp",
                    "subPath": "tmp"
                  },
                  {
                    "name": "run",
                    "mountPath": "/run"
                  },
                  {
                    "name": "home",
                    "mountPath": "/home/ada"
                  },
                  {
                    "name": "workspace",
                    "mountPath": "/home/ada/engine",
                    "subPath": "work"
                  },
                  {
                    "name": "workspace",
                    "mountPath": "/paude/out",
                    "subPath": "out"
                  },
                  {
                    "name": "workspace",
                    "mountPath": "/paude/uploads",
                    "subPath": "uploads"
                  },
                  {
                    "name": "kit",
                    "mountPath": "/paude/kit",
                    "readOnly": true
                  },
                  {
                    "name": "link",
                    "mountPath": "/paude/link",
                    "readOnly": true
                  },
                  {
                    "name": "seed",
                    "mountPath": "/paude/seed",
                    "readOnly": true
                  },
                  {
                    "name": "way",
                    "mountPath": "/paude/way",
                    "readOnly": true
                  },
                  {
                    "name": "seed",
                    "mountPath": "/etc/passwd",
                    "subPath": "passwd",
                    "readOnly": true
                  },
                  {
                    "name": "seed",
                    "mountPath": "/etc/group",
                    "subPath": "group",
                    "readOnly": true
                  },
                  {
                    "name": "seed",
                    "mountPath": "/etc/hosts",
                    "subPath": "hosts",
                    "readOnly": true
                  },
                  {
                    "name": "seed",
                    "mountPath": "/etc/claude-code/managed-settings.json",
                    "subPath": "managed-settings.json",
                    "readOnly": true
                  },
                  {
                    "name": "seed",
                    "mountPath": "/etc/claude-code/CLAUDE.md",
                    "subPath": "CLAUDE.md",
                    "readOnly": true
                  }
                ]
              }
            ],
            "volumes": [
              {
                "name": "tmp",
                "emptyDir": {
                  "sizeLimit": "2Gi"
                }
              },
              {
                "name": "run",
                "emptyDir": {
                  "sizeLimit": "16Mi"
                }
              },
              {
                "name": "home",
                "persistentVolumeClaim": {
                  "claimName": "paude-home-claude-0123456789abcdef"
                }
              },
              {
                "name": "workspace",
                "persistentVolumeClaim": {
                  "claimName": "paude-bcd234-workspace"
                }
              },
              {
                "name": "kit",
                "emptyDir": {
                  "sizeLimit": "16Mi"
                }
              },
              {
                "name": "link",
                "emptyDir": {
                  "sizeLimit": "16Mi"
                }
              },
              {
                "name": "seed",
                "secret": {
                  "secretName": "paude-bcd234-seed",
                  "defaultMode": 420
                }
              },
              {
                "name": "way",
                "configMap": {
                  "name": "paude-bcd234-way"
                }
              }
            ]
          }
        }
      }
    }
  ]
}
EOF
chmod 0600 /home/ada/.local/state/paude/sessions/paude-bcd234/agent.json
cat >/home/ada/.local/state/paude/sessions/paude-bcd234/look.json <<'EOF'
{
  "apiVersion": "v1",
  "kind": "List",
  "items": [
    {
      "apiVersion": "v1",
      "kind": "Pod",
      "metadata": {
        "name": "paude-bcd234-look",
        "labels": {
          "paude.id": "paude-bcd234",
          "paude.role": "look",
          "paude.agent": "claude",
          "app.kubernetes.io/managed-by": "paude",
          "paude.owner": "0123456789abcdef"
        }
      },
      "spec": {
        "automountServiceAccountToken": false,
        "enableServiceLinks": false,
        "securityContext": {
          "runAsNonRoot": true,
          "runAsUser": 1000,
          "runAsGroup": 1000,
          "fsGroup": 1000,
          "fsGroupChangePolicy": "OnRootMismatch",
          "seccompProfile": {
            "type": "RuntimeDefault"
          }
        },
        "restartPolicy": "Never",
        "activeDeadlineSeconds": 120,
        "terminationGracePeriodSeconds": 1,
        "dnsPolicy": "None",
        "dnsConfig": {
          "nameservers": [
            "127.0.0.1"
          ]
        },
        "initContainers": [
          {
            "name": "proof",
            "image": "localhost/paude/proxy:1",
            "imagePullPolicy": "Never",
            "command": [
              "/usr/lib/paude/init",
              "prove",
              "none"
            ],
            "env": [
              {
                "name": "PAUDE_NODE",
                "valueFrom": {
                  "fieldRef": {
                    "fieldPath": "status.hostIP"
                  }
                }
              }
            ],
            "securityContext": {
              "allowPrivilegeEscalation": false,
              "capabilities": {
                "drop": [
                  "ALL"
                ]
              },
              "readOnlyRootFilesystem": true
            },
            "resources": {
              "requests": {
                "cpu": "50m",
                "memory": "32Mi"
              },
              "limits": {
                "memory": "64Mi"
              }
            },
            "volumeMounts": [
              {
                "name": "kit",
                "mountPath": "/paude/kit"
              },
              {
                "name": "link",
                "mountPath": "/paude/link"
              },
              {
                "name": "tmp",
                "mountPath": "/paude/tmp"
              }
            ]
          }
        ],
        "containers": [
          {
            "name": "look",
            "image": "localhost/paude/claude:1",
            "imagePullPolicy": "Never",
            "command": [
              "/paude/kit/init",
              "--pod",
              "--",
              "/bin/true"
            ],
            "securityContext": {
              "allowPrivilegeEscalation": false,
              "capabilities": {
                "drop": [
                  "ALL"
                ]
              },
              "readOnlyRootFilesystem": true
            },
            "resources": {
              "requests": {
                "cpu": "50m",
                "memory": "64Mi"
              },
              "limits": {
                "memory": "2Gi"
              }
            },
            "volumeMounts": [
              {
                "name": "tmp",
                "mountPath": "/tmp",
                "subPath": "tmp"
              },
              {
                "name": "workspace",
                "mountPath": "/home/ada/engine",
                "subPath": "work"
              },
              {
                "name": "kit",
                "mountPath": "/paude/kit",
                "readOnly": true
              }
            ]
          }
        ],
        "volumes": [
          {
            "name": "tmp",
            "emptyDir": {
              "sizeLimit": "2Gi"
            }
          },
          {
            "name": "workspace",
            "persistentVolumeClaim": {
              "claimName": "paude-bcd234-workspace"
            }
          },
          {
            "name": "kit",
            "emptyDir": {
              "sizeLimit": "16Mi"
            }
          },
          {
            "name": "link",
            "emptyDir": {
              "sizeLimit": "16Mi"
            }
          }
        ]
      }
    }
  ]
}
EOF
chmod 0600 /home/ada/.local/state/paude/sessions/paude-bcd234/look.json
# side by side
later 'kubectl --context=team --namespace=paude delete deployment,service,configmap,secret,networkpolicy,persistentvolumeclaim,pod --selector=paude.id=paude-bcd234 --ignore-not-found --cascade=foreground --wait=true'
kubectl --context=team --namespace=paude get persistentvolumeclaim paude-home-claude-0123456789abcdef >/dev/null 2>&1 || later 'kubectl --context=team --namespace=paude delete persistentvolumeclaim --selector=paude.maker=paude-bcd234 --wait=false'
(
  printf %s '{
  "apiVersion": "v1",
  "kind": "List",
  "items": [
    {
      "apiVersion": "networking.k8s.io/v1",
      "kind": "NetworkPolicy",
      "metadata": {
        "name": "paude-agents",
        "labels": {
          "app.kubernetes.io/managed-by": "paude"
        }
      },
      "spec": {
        "podSelector": {
          "matchLabels": {
            "paude.role": "agent"
          }
        },
        "policyTypes": [
          "Ingress",
          "Egress"
        ],
        "ingress": [],
        "egress": []
      }
    },
    {
      "apiVersion": "networking.k8s.io/v1",
      "kind": "NetworkPolicy",
      "metadata": {
        "name": "paude-looks",
        "labels": {
          "app.kubernetes.io/managed-by": "paude"
        }
      },
      "spec": {
        "podSelector": {
          "matchLabels": {
            "paude.role": "look"
          }
        },
        "policyTypes": [
          "Ingress",
          "Egress"
        ],
        "ingress": [],
        "egress": []
      }
    },
    {
      "apiVersion": "networking.k8s.io/v1",
      "kind": "NetworkPolicy",
      "metadata": {
        "name": "paude-proxies",
        "labels": {
          "app.kubernetes.io/managed-by": "paude"
        }
      },
      "spec": {
        "podSelector": {
          "matchLabels": {
            "paude.role": "proxy"
          }
        },
        "policyTypes": [
          "Ingress",
          "Egress"
        ],
        "ingress": [],
        "egress": [
          {
            "to": [
              {
                "namespaceSelector": {
                  "matchLabels": {
                    "kubernetes.io/metadata.name": "kube-system"
                  }
                }
              },
              {
                "namespaceSelector": {
                  "matchLabels": {
                    "kubernetes.io/metadata.name": "openshift-dns"
                  }
                }
              },
              {
                "ipBlock": {
                  "cidr": "169.254.20.10/32"
                }
              }
            ],
            "ports": [
              {
                "protocol": "UDP",
                "port": 53
              },
              {
                "protocol": "TCP",
                "port": 53
              },
              {
                "protocol": "UDP",
                "port": 5353
              },
              {
                "protocol": "TCP",
                "port": 5353
              }
            ]
          },
          {
            "to": [
              {
                "ipBlock": {
                  "cidr": "0.0.0.0/0",
                  "except": [
                    "0.0.0.0/8",
                    "127.0.0.0/8",
                    "169.254.0.0/16",
                    "192.0.0.0/24",
                    "192.88.99.0/24",
                    "224.0.0.0/4",
                    "240.0.0.0/4",
                    "168.63.129.16/32",
                    "100.100.100.200/32",
                    "10.0.0.0/8",
                    "100.64.0.0/10",
                    "172.16.0.0/12",
                    "192.168.0.0/16",
                    "198.18.0.0/15",
                    "192.0.2.0/24",
                    "198.51.100.0/24",
                    "203.0.113.0/24"
                  ]
                }
              }
            ]
          },
          {
            "to": [
              {
                "ipBlock": {
                  "cidr": "::/0",
                  "except": [
                    "::/128",
                    "::1/128",
                    "64:ff9b::/96",
                    "64:ff9b:1::/48",
                    "100::/64",
                    "2001::/32",
                    "2002::/16",
                    "fe80::/10",
                    "fec0::/10",
                    "ff00::/8",
                    "fd00:ec2::254/128",
                    "fd20:ce::254/128",
                    "fc00::/7",
                    "2001:db8::/32"
                  ]
                }
              }
            ]
          }
        ]
      }
    },
    {
      "apiVersion": "networking.k8s.io/v1",
      "kind": "NetworkPolicy",
      "metadata": {
        "name": "paude-bcd234-agent",
        "labels": {
          "paude.id": "paude-bcd234",
          "app.kubernetes.io/managed-by": "paude",
          "paude.owner": "0123456789abcdef"
        }
      },
      "spec": {
        "podSelector": {
          "matchLabels": {
            "paude.id": "paude-bcd234",
            "paude.role": "agent"
          }
        },
        "policyTypes": [
          "Ingress",
          "Egress"
        ],
        "ingress": [],
        "egress": [
          {
            "to": [
              {
                "podSelector": {
                  "matchLabels": {
                    "paude.id": "paude-bcd234",
                    "paude.role": "proxy"
                  }
                }
              }
            ],
            "ports": [
              {
                "protocol": "TCP",
                "port": 3132
              },
              {
                "protocol": "TCP",
                "port": 3133
              },
              {
                "protocol": "TCP",
                "port": 3134
              }
            ]
          }
        ]
      }
    },
    {
      "apiVersion": "networking.k8s.io/v1",
      "kind": "NetworkPolicy",
      "metadata": {
        "name": "paude-bcd234-proxy",
        "labels": {
          "paude.id": "paude-bcd234",
          "app.kubernetes.io/managed-by": "paude",
          "paude.owner": "0123456789abcdef"
        }
      },
      "spec": {
        "podSelector": {
          "matchLabels": {
            "paude.id": "paude-bcd234",
            "paude.role": "proxy"
          }
        },
        "policyTypes": [
          "Ingress",
          "Egress"
        ],
        "ingress": [
          {
            "from": [
              {
                "podSelector": {
                  "matchLabels": {
                    "paude.id": "paude-bcd234",
                    "paude.role": "agent"
                  }
                }
              }
            ],
            "ports": [
              {
                "protocol": "TCP",
                "port": 3132
              },
              {
                "protocol": "TCP",
                "port": 3133
              },
              {
                "protocol": "TCP",
                "port": 3134
              }
            ]
          }
        ],
        "egress": []
      }
    },
    {
      "apiVersion": "v1",
      "kind": "PersistentVolumeClaim",
      "metadata": {
        "name": "paude-bcd234-workspace",
        "labels": {
          "paude.id": "paude-bcd234",
          "paude.role": "workspace",
          "app.kubernetes.io/managed-by": "paude",
          "paude.owner": "0123456789abcdef"
        },
        "annotations": {
          "paude.name": "",
          "paude.workspace": "/home/ada/engine",
          "paude.network": "restricted",
          "paude.version": "0.1.0",
          "paude.created": "2026-01-02T03:04:05.000Z"
        }
      },
      "spec": {
        "accessModes": [
          "ReadWriteOnce"
        ],
        "resources": {
          "requests": {
            "storage": "10Gi"
          }
        }
      }
    },
    {
      "apiVersion": "v1",
      "kind": "Secret",
      "metadata": {
        "name": "paude-bcd234-seed",
        "labels": {
          "paude.id": "paude-bcd234",
          "app.kubernetes.io/managed-by": "paude",
          "paude.owner": "0123456789abcdef"
        }
      },
      "type": "Opaque",
      "stringData": {
        "entry.sh": "#!/bin/sh\n. /paude/seed/command.sh\nexec \"$@\"\n",
        "command.sh": "set -- claude\n",
        "passwd": "agent:x:1000:1000:agent:/home/ada:/bin/bash\n",
        "group": "agent:x:1000:\n",
        "resolv.conf": "",
        "hosts": "127.0.0.1 localhost paude\n::1 localhost\n",
        "managed-settings.json": "{}\n",
        "hook.sh": "# appends to /paude/out/events\n",
        "CLAUDE.md": "This session runs in a container of paude.\n"
      }
    },
    {
      "apiVersion": "v1",
      "kind": "ConfigMap",
      "metadata": {
        "name": "paude-bcd234-policy",
        "labels": {
          "paude.id": "paude-bcd234",
          "app.kubernetes.io/managed-by": "paude",
          "paude.owner": "0123456789abcdef"
        }
      },
      "data": {
        "0123456789ab__squid.conf": "acl allowed dstdomain api.anthropic.com\n",
        "stages": "0 0123456789ab\n"
      }
    },
    {
      "apiVersion": "v1",
      "kind": "Service",
      "metadata": {
        "name": "paude-bcd234-proxy",
        "labels": {
          "paude.id": "paude-bcd234",
          "paude.role": "proxy",
          "paude.agent": "claude",
          "app.kubernetes.io/managed-by": "paude",
          "paude.owner": "0123456789abcdef"
        }
      },
      "spec": {
        "selector": {
          "paude.id": "paude-bcd234",
          "paude.role": "proxy"
        },
        "ports": [
          {
            "name": "proxy",
            "port": 3132,
            "targetPort": 3132,
            "protocol": "TCP"
          },
          {
            "name": "roots",
            "port": 3133,
            "targetPort": 3133,
            "protocol": "TCP"
          },
          {
            "name": "baseurl",
            "port": 3134,
            "targetPort": 3134,
            "protocol": "TCP"
          },
          {
            "name": "closed",
            "port": 3135,
            "targetPort": 3135,
            "protocol": "TCP"
          }
        ]
      }
    },
    {
      "apiVersion": "apps/v1",
      "kind": "Deployment",
      "metadata": {
        "name": "paude-bcd234-proxy",
        "labels": {
          "paude.id": "paude-bcd234",
          "paude.role": "proxy",
          "paude.agent": "claude",
          "app.kubernetes.io/managed-by": "paude",
          "paude.owner": "0123456789abcdef"
        }
      },
      "spec": {
        "replicas": 1,
        "strategy": {
          "type": "Recreate"
        },
        "selector": {
          "matchLabels": {
            "paude.id": "paude-bcd234",
            "paude.role": "proxy"
          }
        },
        "template": {
          "metadata": {
            "labels": {
              "paude.id": "paude-bcd234",
              "paude.role": "proxy",
              "paude.agent": "claude"
            }
          },
          "spec": {
            "automountServiceAccountToken": false,
            "enableServiceLinks": false,
            "securityContext": {
              "runAsNonRoot": true,
              "runAsUser": 13,
              "runAsGroup": 13,
              "fsGroup": 13,
              "fsGroupChangePolicy": "OnRootMismatch",
              "seccompProfile": {
                "type": "RuntimeDefault"
              }
            },
            "terminationGracePeriodSeconds": 2,
            "containers": [
              {
                "name": "proxy",
                "image": "localhost/paude/proxy:1",
                "imagePullPolicy": "Never",
                "command": [
                  "/usr/lib/paude/proxy"
                ],
                "securityContext": {
                  "allowPrivilegeEscalation": false,
                  "capabilities": {
                    "drop": [
                      "ALL"
                    ]
                  },
                  "readOnlyRootFilesystem": true
                },
                "resources": {
                  "requests": {
                    "cpu": "50m",
                    "memory": "64Mi"
                  },
                  "limits": {
                    "memory": "256Mi"
                  }
                },
                "volumeMounts": [
                  {
                    "name": "tmp",
                    "mountPath": "/tmp"
                  },
                  {
                    "name": "run",
                    "mountPath": "/run"
                  },
                  {
                    "name": "link",
                    "mountPath": "/paude/link"
                  },
                  {
                    "name": "policy",
                    "mountPath": "/paude/policy"
                  },
                  {
                    "name": "given",
                    "mountPath": "/paude/given",
                    "readOnly": true
                  }
                ]
              }
            ],
            "volumes": [
              {
                "name": "tmp",
                "emptyDir": {
                  "sizeLimit": "16Mi"
                }
              },
              {
                "name": "run",
                "emptyDir": {
                  "sizeLimit": "16Mi",
                  "medium": "Memory"
                }
              },
              {
                "name": "link",
                "emptyDir": {
                  "sizeLimit": "4Mi"
                }
              },
              {
                "name": "policy",
                "emptyDir": {
                  "sizeLimit": "16Mi"
                }
              },
              {
                "name": "given",
                "configMap": {
                  "name": "paude-bcd234-policy"
                }
              }
            ]
          }
        }
      }
    }
  ]
}
' | kubectl \
    --context=team \
    --namespace=paude \
    apply \
    --server-side \
    --field-manager=paude \
    --filename=- &&
  { failed=$({
    { kubectl \
      --context=team \
      --namespace=paude \
      get \
      service \
      paude-bcd234-proxy \
      '--output=go-template={"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"paude-bcd234-way","labels":{"paude.id":"paude-bcd234","app.kubernetes.io/managed-by":"paude","paude.owner":"0123456789abcdef"}},"data":{"proxy":"{{.spec.clusterIP}}"}}' 3>&- || echo from >&3; } |
    { kubectl \
      --context=team \
      --namespace=paude \
      apply \
      --server-side \
      --field-manager=paude \
      --filename=- 3>&- >&4 || echo to >&3; }
  } 3>&1); } 4>&1
  [ -z "$failed" ]
) & lane_1=$!
(
  kubectl --context=team --namespace=paude get persistentvolumeclaim paude-home-claude-0123456789abcdef >/dev/null 2>&1 || {
    printf %s '{
  "apiVersion": "v1",
  "kind": "List",
  "items": [
    {
      "apiVersion": "v1",
      "kind": "PersistentVolumeClaim",
      "metadata": {
        "name": "paude-home-claude-0123456789abcdef",
        "labels": {
          "paude.role": "home",
          "paude.maker": "paude-bcd234",
          "app.kubernetes.io/managed-by": "paude"
        },
        "annotations": {
          "paude.workspace": "/home/ada/engine",
          "paude.created": "2026-01-02T03:04:05.000Z"
        }
      },
      "spec": {
        "accessModes": [
          "ReadWriteOnce"
        ],
        "resources": {
          "requests": {
            "storage": "5Gi"
          }
        }
      }
    }
  ]
}
' | kubectl \
      --context=team \
      --namespace=paude \
      create \
      --filename=-
  }
) & lane_2=$!
failed=0
wait "$lane_1" || failed=1
wait "$lane_2" || failed=1
[ "$failed" = 0 ]
later 'kubectl --context=team --namespace=paude delete job paude-bcd234 --ignore-not-found --cascade=foreground --wait=true'
printf %s '{
  "apiVersion": "v1",
  "kind": "List",
  "items": [
    {
      "apiVersion": "batch/v1",
      "kind": "Job",
      "metadata": {
        "name": "paude-bcd234",
        "labels": {
          "paude.id": "paude-bcd234",
          "paude.role": "agent",
          "paude.agent": "claude",
          "paude.home": "paude-home-claude-0123456789abcdef",
          "app.kubernetes.io/managed-by": "paude",
          "paude.owner": "0123456789abcdef"
        },
        "annotations": {
          "paude.name": "",
          "paude.workspace": "/home/ada/engine",
          "paude.network": "restricted",
          "paude.version": "0.1.0",
          "paude.created": "2026-01-02T03:04:05.000Z"
        }
      },
      "spec": {
        "backoffLimit": 0,
        "podFailurePolicy": {
          "rules": [
            {
              "action": "Ignore",
              "onPodConditions": [
                {
                  "type": "DisruptionTarget",
                  "status": "True"
                }
              ]
            }
          ]
        },
        "template": {
          "metadata": {
            "labels": {
              "paude.id": "paude-bcd234",
              "paude.role": "agent",
              "paude.agent": "claude",
              "paude.home": "paude-home-claude-0123456789abcdef"
            },
            "annotations": {}
          },
          "spec": {
            "automountServiceAccountToken": false,
            "enableServiceLinks": false,
            "securityContext": {
              "runAsNonRoot": true,
              "runAsUser": 1000,
              "runAsGroup": 1000,
              "fsGroup": 1000,
              "fsGroupChangePolicy": "OnRootMismatch",
              "seccompProfile": {
                "type": "RuntimeDefault"
              }
            },
            "restartPolicy": "Never",
            "terminationGracePeriodSeconds": 10,
            "hostname": "paude",
            "dnsPolicy": "None",
            "dnsConfig": {
              "nameservers": [
                "127.0.0.1"
              ]
            },
            "initContainers": [
              {
                "name": "proof",
                "image": "localhost/paude/proxy:1",
                "imagePullPolicy": "Never",
                "command": [
                  "/usr/lib/paude/init",
                  "prove",
                  "restricted",
                  "/paude/way/proxy"
                ],
                "env": [
                  {
                    "name": "PAUDE_NODE",
                    "valueFrom": {
                      "fieldRef": {
                        "fieldPath": "status.hostIP"
                      }
                    }
                  }
                ],
                "securityContext": {
                  "allowPrivilegeEscalation": false,
                  "capabilities": {
                    "drop": [
                      "ALL"
                    ]
                  },
                  "readOnlyRootFilesystem": true
                },
                "resources": {
                  "requests": {
                    "cpu": "50m",
                    "memory": "32Mi"
                  },
                  "limits": {
                    "memory": "64Mi"
                  }
                },
                "volumeMounts": [
                  {
                    "name": "kit",
                    "mountPath": "/paude/kit"
                  },
                  {
                    "name": "link",
                    "mountPath": "/paude/link"
                  },
                  {
                    "name": "tmp",
                    "mountPath": "/paude/tmp"
                  },
                  {
                    "name": "way",
                    "mountPath": "/paude/way",
                    "readOnly": true
                  }
                ]
              }
            ],
            "containers": [
              {
                "name": "agent",
                "image": "localhost/paude/claude:1",
                "imagePullPolicy": "Never",
                "command": [
                  "/paude/kit/init"
                ],
                "args": [
                  "--pod",
                  "--way=/paude/way/proxy",
                  "--",
                  "/bin/sh",
                  "-c",
                  "cd -- \"$$1\" && exec /bin/sh /paude/seed/entry.sh",
                  "sh",
                  "/home/ada/engine"
                ],
                "workingDir": "/home/ada/engine",
                "env": [
                  {
                    "name": "HOME",
                    "value": "/home/ada"
                  },
                  {
                    "name": "HTTP_PROXY",
                    "value": "http://127.0.0.1:3128"
                  },
                  {
                    "name": "HTTPS_PROXY",
                    "value": "http://127.0.0.1:3128"
                  },
                  {
                    "name": "ALL_PROXY",
                    "value": "http://127.0.0.1:3128"
                  },
                  {
                    "name": "http_proxy",
                    "value": "http://127.0.0.1:3128"
                  },
                  {
                    "name": "https_proxy",
                    "value": "http://127.0.0.1:3128"
                  },
                  {
                    "name": "all_proxy",
                    "value": "http://127.0.0.1:3128"
                  },
                  {
                    "name": "NO_PROXY",
                    "value": "localhost,127.0.0.1,::1"
                  },
                  {
                    "name": "no_proxy",
                    "value": "localhost,127.0.0.1,::1"
                  },
                  {
                    "name": "SSL_CERT_FILE",
                    "value": "/paude/link/ca-bundle.pem"
                  },
                  {
                    "name": "CURL_CA_BUNDLE",
                    "value": "/paude/link/ca-bundle.pem"
                  },
                  {
                    "name": "GIT_SSL_CAINFO",
                    "value": "/paude/link/ca-bundle.pem"
                  },
                  {
                    "name": "REQUESTS_CA_BUNDLE",
                    "value": "/paude/link/ca-bundle.pem"
                  },
                  {
                    "name": "PIP_CERT",
                    "value": "/paude/link/ca-bundle.pem"
                  },
                  {
                    "name": "CODEX_CA_CERTIFICATE",
                    "value": "/paude/link/ca-bundle.pem"
                  },
                  {
                    "name": "AWS_CA_BUNDLE",
                    "value": "/paude/link/ca-bundle.pem"
                  },
                  {
                    "name": "CARGO_HTTP_CAINFO",
                    "value": "/paude/link/ca-bundle.pem"
                  },
                  {
                    "name": "NODE_EXTRA_CA_CERTS",
                    "value": "/paude/link/ca-extra.pem"
                  },
                  {
                    "name": "DENO_CERT",
                    "value": "/paude/link/ca-extra.pem"
                  },
                  {
                    "name": "NODE_USE_ENV_PROXY",
                    "value": "1"
                  }
                ],
                "stdin": true,
                "tty": true,
                "securityContext": {
                  "allowPrivilegeEscalation": false,
                  "capabilities": {
                    "drop": [
                      "ALL"
                    ]
                  },
                  "readOnlyRootFilesystem": true
                },
                "resources": {
                  "requests": {},
                  "limits": {}
                },
                "volumeMounts": [
                  {
                    "name": "tmp",
                    "mountPath": "/tmp",
                    "subPath": "tmp"
                  },
                  {
                    "name": "run",
                    "mountPath": "/run"
                  },
                  {
                    "name": "home",
                    "mountPath": "/home/ada"
                  },
                  {
                    "name": "workspace",
                    "mountPath": "/home/ada/engine",
                    "subPath": "work"
                  },
                  {
                    "name": "workspace",
                    "mountPath": "/paude/out",
                    "subPath": "out"
                  },
                  {
                    "name": "workspace",
                    "mountPath": "/paude/uploads",
                    "subPath": "uploads"
                  },
                  {
                    "name": "kit",
                    "mountPath": "/paude/kit",
                    "readOnly": true
                  },
                  {
                    "name": "link",
                    "mountPath": "/paude/link",
                    "readOnly": true
                  },
                  {
                    "name": "seed",
                    "mountPath": "/paude/seed",
                    "readOnly": true
                  },
                  {
                    "name": "way",
                    "mountPath": "/paude/way",
                    "readOnly": true
                  },
                  {
                    "name": "seed",
                    "mountPath": "/etc/passwd",
                    "subPath": "passwd",
                    "readOnly": true
                  },
                  {
                    "name": "seed",
                    "mountPath": "/etc/group",
                    "subPath": "group",
                    "readOnly": true
                  },
                  {
                    "name": "seed",
                    "mountPath": "/etc/hosts",
                    "subPath": "hosts",
                    "readOnly": true
                  },
                  {
                    "name": "seed",
                    "mountPath": "/etc/claude-code/managed-settings.json",
                    "subPath": "managed-settings.json",
                    "readOnly": true
                  },
                  {
                    "name": "seed",
                    "mountPath": "/etc/claude-code/CLAUDE.md",
                    "subPath": "CLAUDE.md",
                    "readOnly": true
                  }
                ]
              }
            ],
            "volumes": [
              {
                "name": "tmp",
                "emptyDir": {
                  "sizeLimit": "2Gi"
                }
              },
              {
                "name": "run",
                "emptyDir": {
                  "sizeLimit": "16Mi"
                }
              },
              {
                "name": "home",
                "persistentVolumeClaim": {
                  "claimName": "paude-home-claude-0123456789abcdef"
                }
              },
              {
                "name": "workspace",
                "persistentVolumeClaim": {
                  "claimName": "paude-bcd234-workspace"
                }
              },
              {
                "name": "kit",
                "emptyDir": {
                  "sizeLimit": "16Mi"
                }
              },
              {
                "name": "link",
                "emptyDir": {
                  "sizeLimit": "16Mi"
                }
              },
              {
                "name": "seed",
                "secret": {
                  "secretName": "paude-bcd234-seed",
                  "defaultMode": 420
                }
              },
              {
                "name": "way",
                "configMap": {
                  "name": "paude-bcd234-way"
                }
              }
            ]
          }
        }
      }
    }
  ]
}
' | kubectl \
  --context=team \
  --namespace=paude \
  apply \
  --server-side \
  --field-manager=paude \
  --filename=-
# wait at most 20 s until the cluster has made the pods of the session as they were sent
tries=0
until answer=$(kubectl --context=team --namespace=paude get pods '--selector=paude.id=paude-bcd234,paude.role!=look' '--output=jsonpath={range .items[*]}[{.metadata.labels.paude\.role} with={.spec.containers[*].name} {.spec.initContainers[*].name} {.spec.ephemeralContainers[*].name} host={.spec.hostNetwork}{.spec.hostPID}{.spec.hostIPC}{.spec.shareProcessNamespace} token={.spec.automountServiceAccountToken} volumes={.spec.volumes[*].projected.sources[*]} {.spec.volumes[*].hostPath.path} {.spec.volumes[*].csi.driver} privileged={.spec.containers[*].securityContext.privileged}{.spec.containers[*].securityContext.capabilities.add}]{end}') && printf %s "$answer" | grep -Eq -e '^(\[agent with=agent proof *host= *token=false volumes= *privileged= *\]|\[proxy with=proxy *host= *token=false volumes= *privileged= *\])*(\[agent with=agent proof *host= *token=false volumes= *privileged= *\](\[agent with=agent proof *host= *token=false volumes= *privileged= *\]|\[proxy with=proxy *host= *token=false volumes= *privileged= *\])*\[proxy with=proxy *host= *token=false volumes= *privileged= *\]|\[proxy with=proxy *host= *token=false volumes= *privileged= *\](\[agent with=agent proof *host= *token=false volumes= *privileged= *\]|\[proxy with=proxy *host= *token=false volumes= *privileged= *\])*\[agent with=agent proof *host= *token=false volumes= *privileged= *\])(\[agent with=agent proof *host= *token=false volumes= *privileged= *\]|\[proxy with=proxy *host= *token=false volumes= *privileged= *\])*$'; do
  if printf %s "$answer" | grep -Eq -e '\[agent .*\[proxy |\[proxy .*\[agent '; then echo 'a controller of the cluster changed a pod of the session: it added a container, a token, a folder or a privilege' >&2; exit 1; fi
  tries=$((tries + 1)); [ "$tries" -lt 67 ] || exit 1
  sleep 0.3
done
kubectl --context=team --namespace=paude wait pods --selector=paude.id=paude-bcd234,paude.role=agent '--for=jsonpath={.status.phase}=Running' --timeout=5s >/dev/null 2>&1 || {
  # wait at most 300 s until the pod of the agent runs and its wall is proved
  tries=0
  until answer=$(kubectl --context=team --namespace=paude get pods --selector=paude.id=paude-bcd234,paude.role=agent '--output=jsonpath={range .items[*]}phase={.status.phase} waits={.status.initContainerStatuses[*].state.waiting.reason} {.status.containerStatuses[*].state.waiting.reason}{"\n"}{end}') && printf %s "$answer" | grep -Eq -e '^phase=Running '; do
    if printf %s "$answer" | grep -Eq -e '^phase=Failed |^phase=[A-Za-z]* waits=.*(ImagePullBackOff|ErrImageNeverPull|InvalidImageName|CreateContainerConfigError|CreateContainerError|RunContainerError)'; then echo 'never: the pod of the agent runs and its wall is proved' >&2; exit 1; fi
    tries=$((tries + 1)); [ "$tries" -lt 1000 ] || exit 1
    sleep 0.3
  done
}
# side by side
(
  { failed=$({
    { kubectl \
      --context=team \
      --namespace=paude \
      logs \
      job/paude-bcd234 \
      --container=proof 3>&- || echo from >&3; } |
    { kubectl \
      --context=team \
      --namespace=paude \
      exec \
      --stdin \
      deployment/paude-bcd234-proxy \
      --container=proxy \
      -- \
      /usr/bin/bash \
      -c \
      'cat >/paude/link/receipt' 3>&- >&4 || echo to >&3; }
  } 3>&1); } 4>&1
  [ -z "$failed" ]
) & trailing=$!
failed=0
[ "$failed" = 0 ]
undo=: kept=:
# keeps a terminal for: kubectl --context=team --namespace=paude attach --stdin --tty --quiet job/paude-bcd234 --container=agent
paude hold --start paude-bcd234
paude attach paude-bcd234
